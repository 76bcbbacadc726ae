export { GaugeChart } from "./GaugeChart";
export { TimeSeriesChart } from "./TimeSeriesChart";
export type { Line } from "./lines";
