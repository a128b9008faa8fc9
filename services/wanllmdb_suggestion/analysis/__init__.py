"""AnalysisService's answers, computed from finished runs with `study.statistics`."""
