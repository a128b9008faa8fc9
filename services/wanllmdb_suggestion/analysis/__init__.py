"""What AnalysisService's calls ask for and answer, between protos and `study.statistics`."""
