"""The commands without the script: `python -m sales_pipeline run`."""

from sales_pipeline.cli.app import main

if __name__ == "__main__":
    main()
