"""Alert rules as data, and what they say of records. Nothing here keeps or sends an alert."""
