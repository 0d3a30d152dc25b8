"""Studies: several runs over the same sessions, compared user by user. A study is one file with one public function.

What they share:

    arms.py           an arm, and the runner: a run per arm and study seed, audited before the first request
    truth.py          the user agent against true likes, where the users are simulated
    policy_tables.py  the reward tables of a policy over hints, and policies trained on parts of them

Their reports are in `simulations.analysis`, their options in `simulations.options.groups`.
"""
