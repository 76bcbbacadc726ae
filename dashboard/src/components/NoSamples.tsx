import { EmptyState } from "./panel/states";

export function NoSamples({ timeRange }: { timeRange: string }) {
  return (
    <EmptyState title={`No samples in the last ${timeRange}`} command="woa doctor">
      Choose a longer time range, or see whether the agent still runs:
    </EmptyState>
  );
}
