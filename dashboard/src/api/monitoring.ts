/** The newest record of an orchestrator, as it was published. */
export interface OrchestratorUpdate {
  snapshot: boolean;
  metrics: Record<string, unknown> & { orchestratorId: string; collectedAt: string };
}

/** All workers of a pool in a snapshot, else those that changed and the ids of those gone. */
export interface WorkerPoolUpdate {
  snapshot: boolean;
  poolId: string;
  pool: Record<string, unknown> & { poolId: string; poolName: string };
  workers: Record<string, unknown>[];
  goneWorkers: string[];
}

export interface ScalingEvent {
  id: string;
  poolId: string;
  eventTime: string;
  action: string;
  fromCount: number;
  toCount: number;
  reason: string | null;
}

/** Events between two cursors that were lost; what is shown of them has to be asked for again. */
export interface Gap {
  after: string | null;
  before: string | null;
}

interface Message {
  type: string;
  topic: string;
  payload: unknown;
  seq: number;
  cursor: string | null;
  ts: string;
}

/** Events of a topic come with their messages; a `gap` has its own kind of payload. */
type Callback = (data: never, message: Message) => void;

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Live updates over one WebSocket. It connects again after a loss, and asks for the events that it
 * missed. Subscribing returns the function that ends it.
 */
export class OrchestrationMonitoringService {
  private ws: WebSocket | null = null;
  private readonly subscriptions = new Map<string, Set<Callback>>();
  private readonly cursors = new Map<string, string>();
  private readonly watchers = new Set<() => void>();
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private closed = false;
  private open = false;

  constructor(private readonly wsUrl: string) {
    this.connect();
  }

  /** Whether updates arrive now. */
  get connected(): boolean {
    return this.open;
  }

  /** Called whenever `connected` changes. */
  onConnection(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  subscribeToOrchestrator(
    orchestratorId: string,
    callback: (data: OrchestratorUpdate) => void,
  ): () => void {
    return this.subscribe(`orchestrator:${orchestratorId}`, callback);
  }

  subscribeToWorkerPool(poolId: string, callback: (data: WorkerPoolUpdate) => void): () => void {
    return this.subscribe(`worker-pool:${poolId}`, callback);
  }

  subscribeToScalingEvents(callback: (data: ScalingEvent) => void): () => void {
    return this.subscribe("scaling-events", callback);
  }

  /** Leave for good. */
  close(): void {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.ws?.close();
  }

  private subscribe(topic: string, callback: Callback): () => void {
    const known = this.subscriptions.get(topic);
    const callbacks = known ?? new Set<Callback>();
    callbacks.add(callback);
    this.subscriptions.set(topic, callbacks);
    // One more listener of a topic needs its present, which the server tells to who subscribes.
    this.ask(topic);
    return () => this.unsubscribe(topic, callback);
  }

  private unsubscribe(topic: string, callback: Callback): void {
    const callbacks = this.subscriptions.get(topic);
    if (callbacks === undefined || !callbacks.delete(callback) || callbacks.size > 0) return;
    this.subscriptions.delete(topic);
    this.cursors.delete(topic);
    if (this.open) this.say({ action: "unsubscribe", topics: [topic] });
  }

  private connect(): void {
    const ws = new WebSocket(this.wsUrl);
    this.ws = ws;
    ws.onopen = () => this.opened();
    ws.onmessage = (event) => this.handleUpdate(JSON.parse(String(event.data)) as Message);
    ws.onclose = () => {
      this.turn(false);
      if (!this.closed) this.timer = setTimeout(() => this.connectWhenSeen(), this.pauseMs());
    };
  }

  /** A page that nobody looks at asks for nothing. */
  private connectWhenSeen(): void {
    if (this.closed) return;
    if (document.visibilityState !== "hidden") this.connect();
    else document.addEventListener("visibilitychange", () => this.connectWhenSeen(), { once: true });
  }

  /** Full jitter: many pages that lost one server do not come back at once. */
  private pauseMs(): number {
    const most = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.failures);
    this.failures += 1;
    return Math.random() * most;
  }

  private opened(): void {
    this.failures = 0;
    this.turn(true);
    for (const topic of this.subscriptions.keys()) this.ask(topic);
  }

  private handleUpdate(message: Message): void {
    const { type, topic, cursor, payload } = message;
    const callbacks = this.subscriptions.get(topic);
    if (callbacks === undefined || type === "error") return;
    if (cursor !== null) this.cursors.set(topic, cursor);
    if (type === "ack") return;
    for (const callback of callbacks) callback(payload as never, message);
  }

  private ask(topic: string): void {
    if (!this.open) return;
    const cursor = this.cursors.get(topic);
    this.say({ action: "subscribe", topics: [topic], cursor: cursor ?? null });
  }

  private say(request: Record<string, unknown>): void {
    this.ws?.send(JSON.stringify(request));
  }

  private turn(open: boolean): void {
    if (this.open === open) return;
    this.open = open;
    for (const watcher of this.watchers) watcher();
  }
}
