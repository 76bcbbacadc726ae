import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { OrchestrationMonitoringService } from "@/api/monitoring";
import { isPaused } from "./live";

const PATH = "/api/v1/orchestration-analytics/ws";

let service: OrchestrationMonitoringService | null = null;

function monitoring(): OrchestrationMonitoringService {
  service ??= new OrchestrationMonitoringService(
    `${window.location.origin.replace(/^http/, "ws")}${PATH}`,
  );
  return service;
}

/** Whether the server tells of changes; without that the page asks again and again. */
export function usePushed(): boolean {
  return useSyncExternalStore(onConnection, isConnected);
}

function onConnection(listener: () => void): () => void {
  return monitoring().onConnection(listener);
}

function isConnected(): boolean {
  return monitoring().connected;
}

/** Asks for everything of an orchestrator anew whenever the server tells that it changed. */
export function useUpdates(id: string | null): void {
  const client = useQueryClient();
  useEffect(() => {
    if (id === null) return undefined;
    return monitoring().subscribeToOrchestrator(id, () => renew(client, id));
  }, [client, id]);
}

function renew(client: QueryClient, id: string): void {
  if (isPaused()) return;
  void client.invalidateQueries({ queryKey: ["orchestrators"] });
  void client.invalidateQueries({ queryKey: [id] });
}
