"""Prints the Maven coordinates of the jars that the installed delta-spark wants, or a POM of them.

delta-spark itself says them to Spark, which fetches them; this asks it the same way.
"""

from __future__ import annotations

import sys

from delta import configure_spark_with_delta_pip
from pyspark.sql import SparkSession

POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>sales-pipeline</groupId>
  <artifactId>jars</artifactId>
  <version>0</version>
  <dependencies>
    <dependency>
      <groupId>{}</groupId>
      <artifactId>{}</artifactId>
      <version>{}</version>
    </dependency>
  </dependencies>
</project>"""

builder = configure_spark_with_delta_pip(SparkSession.builder)
wanted = builder._options["spark.jars.packages"].split(",")[0].split(":")
print(POM.format(*wanted) if "--pom" in sys.argv else "/".join(wanted))
