"""`afl reproduce`: the published tables and figures beside the results of this version.

reproduce.py       the command
manifests/         the rows of the paper: value, number of users, and the arm of ours that belongs to each
manifest.py        reads them
study_outcomes.py  runs the studies that rows need, and finds the numbers of each row in their reports
verdicts.py        whether a published number and ours differ significantly, and whether a claim holds
comparison.py      every row and claim with its verdict
page.py            all of it as a page
"""
