"""The published tables and figures beside what comes out here.

manifests/    the paper's rows: values, counts, where they stand, and which arm of ours each belongs to
manifest.py   reads them
measuring.py  plays the studies that the rows ask for, and finds each row's numbers in what came of them
verdicts.py   whether a published number and ours can be told apart, and whether a claim holds
page.py       all of it as a page
"""
