"""The names that the specification gives to things, as it spells them."""

__all__ = [
    "ANALYSIS",
    "COLUMNS",
    "COMPONENTS",
    "FIELDS",
    "INDEXES",
    "NAMED",
    "ROUTES",
    "SERVICE",
]

FIELDS = {
    "OrchestratorMetrics": (
        "id orchestratorType instanceId clusterName health capacity scheduling queuing "
        "execution resources networking persistence metadata"
    ),
    "OrchestratorHealth": (
        "status healthScore components lastHealthCheck uptime restarts errors warnings diagnostics"
    ),
    "ComponentHealth": "name type status latency throughput errorRate lastCheck issues",
    "CapacityMetrics": (
        "totalSlots availableSlots usedSlots pendingWorkflows runningWorkflows "
        "completedWorkflows failedWorkflows capacityUtilization peakUtilization "
        "scalingMetrics"
    ),
    "SchedulingPerformance": (
        "avgSchedulingLatency p95SchedulingLatency p99SchedulingLatency "
        "schedulingThroughput schedulingFailures queueDepth priorityDistribution "
        "affinityViolations resourceContentions schedulingAlgorithm optimizationScore"
    ),
    "QueueMetrics": (
        "queues totalMessages processingRate backlogSize avgWaitTime maxWaitTime "
        "deadLetterCount poisonMessageCount queueLatency throughput"
    ),
    "QueueInfo": (
        "name type size consumers processingRate errorRate avgProcessingTime "
        "oldestMessage priorityLevels"
    ),
    "WorkerPoolMetrics": (
        "id poolName workerType totalWorkers activeWorkers idleWorkers busyWorkers "
        "failedWorkers workers poolHealth resourceUsage performance scaling"
    ),
    "WorkerInstance": (
        "id hostname status currentTask tasksCompleted tasksFailed cpuUsage memoryUsage "
        "diskUsage networkUsage uptime lastHeartbeat labels"
    ),
    "PoolHealth": (
        "healthyWorkers unhealthyWorkers averageHealth failureRate restartCount "
        "communicationErrors resourceExhaustion"
    ),
    "AutoScalingMetrics": (
        "enabled minWorkers maxWorkers currentTarget scalingDecisions scalingEfficiency "
        "costOptimization predictedDemand"
    ),
    "ScalingDecision": "timestamp action fromCount toCount reason metrics success duration",
    "CoordinationMetrics": (
        "consensusProtocol leaderElection distributedLocking stateManagement "
        "messageOrdering conflictResolution partitionTolerance"
    ),
    "LeaderElectionInfo": (
        "currentLeader electionCount lastElection avgElectionTime failoverTime splitBrainIncidents"
    ),
    "LockingMetrics": (
        "activeLocks lockWaitTime lockContentions deadlocks lockTimeouts distributedTransactions"
    ),
    "LoadBalancingMetrics": "algorithm distribution efficiency healthChecks failover",
    "WorkloadDistribution": (
        "workerLoads standardDeviation imbalanceScore hotspots underutilized redistributionCount"
    ),
    "BalancingEfficiency": (
        "loadVariance responseTimeVariance throughputBalance resourceUtilizationBalance "
        "fairnessIndex"
    ),
}
"""The interfaces of 1.1 with their fields."""
NAMED = {
    "Alert",
    "ComponentIssue",
    "ConflictMetrics",
    "DiagnosticInfo",
    "ExecutionMetrics",
    "FailoverMetrics",
    "HealthCheckMetrics",
    "NetworkMetrics",
    "OrchestratorError",
    "OrchestratorUpdate",
    "OrderingMetrics",
    "PartitionMetrics",
    "PersistenceMetrics",
    "PoolPerformance",
    "PoolResourceUsage",
    "ResourceAllocation",
    "ScalingEvent",
    "ScalingMetrics",
    "StateMetrics",
    "WorkerPoolUpdate",
}
"""Types that the interfaces name and leave open, and those of sections 4 and 5."""
COLUMNS = {
    "orchestrator_metrics": (
        "id orchestrator_type instance_id cluster_name health capacity scheduling "
        "queuing execution resources networking persistence metadata collected_at "
        "created_at"
    ),
    "worker_pool_metrics": (
        "id pool_name orchestrator_id worker_type total_workers active_workers "
        "idle_workers busy_workers failed_workers pool_health resource_usage "
        "performance scaling collected_at created_at"
    ),
    "worker_instances": (
        "id pool_id worker_id hostname status current_task tasks_completed tasks_failed "
        "cpu_usage memory_usage disk_usage network_usage uptime_seconds last_heartbeat "
        "labels created_at updated_at"
    ),
    "scheduling_decisions": (
        "id orchestrator_id workflow_id decision_time scheduling_latency_ms "
        "selected_worker placement_constraints resource_requirements priority "
        "queue_time_ms decision_factors outcome created_at"
    ),
    "queue_metrics": (
        "id orchestrator_id queue_name queue_type size consumers processing_rate "
        "error_rate avg_processing_time_ms oldest_message_time priority_levels "
        "collected_at created_at"
    ),
    "coordination_events": (
        "id orchestrator_id event_type event_time details participants "
        "consensus_time_ms outcome errors created_at"
    ),
    "load_balancing_metrics": (
        "id orchestrator_id algorithm distribution efficiency health_checks failover "
        "collected_at created_at"
    ),
    "scaling_events": (
        "id pool_id event_time action from_count to_count reason trigger_metrics "
        "success duration_ms cost_impact created_at"
    ),
}
"""The tables of 1.2 with their columns."""
INDEXES = {
    "idx_orchestrator_metrics_type",
    "idx_orchestrator_metrics_time",
    "idx_worker_pool_metrics_orchestrator",
    "idx_worker_instances_pool",
    "idx_worker_instances_status",
    "idx_scheduling_decisions_orchestrator",
    "idx_queue_metrics_orchestrator",
    "idx_coordination_events_type",
    "idx_scaling_events_pool",
    "idx_orchestrator_performance_summary",
}
ANALYSIS = {
    "OrchestratorAnalyzer": (
        "analyze_orchestrator_health",
        "predict_capacity_requirements",
        "optimize_scheduling_algorithm",
    ),
    "WorkerPoolOptimizer": (
        "optimize_worker_pool",
        "predict_scaling_needs",
        "detect_worker_anomalies",
    ),
    "QueueAnalyzer": ("analyze_queue_performance", "optimize_queue_configuration"),
    "LoadBalancerAnalyzer": ("analyze_load_distribution", "optimize_load_balancing_algorithm"),
    "CoordinationMonitor": ("analyze_coordination_health", "detect_coordination_issues"),
    "OrchestrationAlertManager": ("check_orchestrator_alerts", "auto_scale_decision"),
}
"""The classes of 1.3 and 5 with their methods."""
ROUTES = {
    "GET /orchestrators",
    "GET /orchestrators/{orchestrator_id}/health",
    "GET /orchestrators/{orchestrator_id}/capacity",
    "GET /orchestrators/{orchestrator_id}/scheduling",
    "POST /orchestrators/{orchestrator_id}/predict-capacity",
    "GET /worker-pools",
    "GET /worker-pools/{pool_id}",
    "GET /worker-pools/{pool_id}/workers",
    "POST /worker-pools/{pool_id}/optimize",
    "POST /worker-pools/{pool_id}/scale",
    "GET /worker-pools/{pool_id}/anomalies",
    "GET /queues",
    "GET /queues/{queue_id}/metrics",
    "POST /queues/{queue_id}/optimize",
    "GET /load-balancing/analysis",
    "POST /load-balancing/optimize",
}
COMPONENTS = {
    "AlgorithmComparison",
    "CapacityChart",
    "ComponentHealthGrid",
    "DistributionVisualization",
    "FairnessIndexChart",
    "HealthScoreGauge",
    "HotspotDetection",
    "LoadBalancingOptimizer",
    "MetricCard",
    "OptimizationRecommendations",
    "OrchestratorSelector",
    "QueueAnalysisPanel",
    "ResourceUtilizationHeatmap",
    "ScalingHistoryChart",
    "SchedulingPerformanceChart",
    "TimeRangeSelector",
    "WorkerGrid",
    "WorkerHealthMatrix",
    "WorkerPoolOverview",
    "OrchestratorDashboard",
    "WorkerPoolMonitor",
    "LoadBalancingAnalyzer",
}
SERVICE = {
    *("OrchestrationMonitoringService", "subscribeToOrchestrator", "subscribeToWorkerPool"),
    "subscribeToScalingEvents",
}
