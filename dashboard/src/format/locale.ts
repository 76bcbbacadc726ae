/** The page speaks English, so its numbers and dates do too; the time zone is the reader's. */
export const LOCALE = "en";
