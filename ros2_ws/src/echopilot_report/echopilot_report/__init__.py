"""The report of an exam, made from its record alone: `report.write_report`, and the operator's page."""
