"""What `process` starts: a few lines, for a program's own text is compiled at every start, and a module's is kept."""

import os
import sys

TYPE_CHECKING = False

if __name__ == "__main__":
    # This interpreter is isolated (-I), and our package would import much more than these few modules. Their folder
    # comes after the standard library, never before it.
    sys.path.append(os.path.split(os.path.realpath(__file__))[0])
    if TYPE_CHECKING:
        from ingest.media import launcher
    else:
        import launcher

    launcher.main(sys.argv[1:])
