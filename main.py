"""Runs the sample retailer in the working directory: `python main.py`.

It copies the sample files to `./landing`, writes tables and archive to `./lakehouse`, and prints
the four answers. If it runs again, nothing is new and the answers are the same. It does the same as
`sales-pipeline run --sample --show`.
"""

from sales_pipeline.cli.app import main

if __name__ == "__main__":
    main(["run", "--sample", "--show"])
