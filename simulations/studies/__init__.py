"""Studies: several runs over the same sessions, compared user by user. A study is one file with one public function.

What they share:

    arms.py           an arm: a name, and the options it changes
    arm_runner.py     runs arms, a run per arm and study seed, audited before anything is asked; can be continued
    user_arms.py      arms of the user-simulation task
    truth.py          the user agent against true likes, where the users are simulated
    policy_tables.py  the reward tables of a policy over hints, and parts of them

Their reports are in `simulations.analysis`, their options in `simulations.options.groups`.
"""
