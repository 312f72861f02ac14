"""From approval to the last outcome: claim, recheck, intent, wire, outcome, finish."""
