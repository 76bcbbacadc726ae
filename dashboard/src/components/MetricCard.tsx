import type { ReactNode } from "react";
import type { Result } from "@/api/queries";
import type { Trust } from "@/api/types";
import { type Metric, Value } from "./Value";
import { Icon, type IconName } from "./icons";
import { Panel } from "./panel/Panel";

interface MetricCardProps<Body> {
  title: string;
  icon: IconName;
  testId: string;
  result: Result<Body>;
  trustOf: (body: Body) => Trust | null;
  value: (body: Body) => Metric;
  /** A line under the number that puts it into relation. */
  detail: (body: Body) => ReactNode;
}

/** One figure; where it is not known, the reason stands in place of the detail. */
export function MetricCard<Body>({ value, detail, icon, testId, ...panel }: MetricCardProps<Body>) {
  return (
    <Panel
      {...panel}
      testId={`card-${testId}`}
      className="panel-card"
      heading={<Icon name={icon} />}
      skeletonLines={2}
      compact
    >
      {(body) => {
        const metric = value(body);
        return (
          <>
            <p className="card-value">
              <Value {...metric} testId={testId} absent="N/A" />
            </p>
            <p className="card-detail">
              {metric.value === null ? (
                <span data-testid={`${testId}-reason`}>
                  not reported{metric.reason ? `: ${metric.reason}` : " by this orchestrator"}
                </span>
              ) : (
                detail(body)
              )}
            </p>
          </>
        );
      }}
    </Panel>
  );
}
