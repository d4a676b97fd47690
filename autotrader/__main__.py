"""``python -m autotrader`` is the ``autotrader`` command."""

from autotrader.cli import main

if __name__ == "__main__":
    main()
