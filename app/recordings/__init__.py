"""Read recordings: CSV and Parquet files with their columns, times, zones and units."""
