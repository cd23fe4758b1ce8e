"""Runs the sample retailer in the working directory: `python main.py`.

Its files come into `./landing`, its tables and archive into `./lakehouse`; the four answers
end on the screen. A second time nothing is new, and the answers are the same. It is
`sales-pipeline run --sample --show`.
"""

from sales_pipeline.cli.app import main

if __name__ == "__main__":
    main(["run", "--sample", "--show"])
