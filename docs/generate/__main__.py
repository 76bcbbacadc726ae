"""Write every page: `make generate`."""

import json
import sys

from docs.generate.compatibility import incompatibilities, losses
from docs.generate.pages import ASYNCAPI, SCHEMAS, pages


def main() -> int:
    """Exit code: 0 written, 1 refused."""
    written = pages()
    for path, text in written.items():
        if path.suffix == ".json" and path.exists():
            compare = losses if path == ASYNCAPI else incompatibilities
            changes = compare(json.loads(path.read_text()), json.loads(text))
            if changes:
                print(
                    f"{path.name}: a version changes by optional fields only; make a new version\n"
                    + "\n".join(f"  {change}" for change in changes),
                    file=sys.stderr,
                )
                return 1
    for path in SCHEMAS.glob("*.json"):
        if path not in written:
            path.unlink()
            print(f"{path.name} is gone")
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(path.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
