"""What a worker is told survives its command line."""

from cli.demo.worker_task import WorkerTask


def test_command_is_read_back() -> None:
    task = WorkerTask("127.0.0.1:7233", "default", "worker-1", (("orders", 4), ("a=b", 2)))

    arguments = task.command()[4:]

    assert WorkerTask.parse(arguments) == task
