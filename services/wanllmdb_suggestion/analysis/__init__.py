"""The responses of AnalysisService, computed from finished runs."""
