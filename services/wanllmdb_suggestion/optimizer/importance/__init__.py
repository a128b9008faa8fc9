"""How much each parameter matters for the objective: fANOVA, MDI and PED-ANOVA."""
