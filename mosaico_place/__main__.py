"""Lets ``python -m mosaico_place`` do what ``mosaico-place`` does."""

from mosaico_place.cli import main

if __name__ == "__main__":
    main()
