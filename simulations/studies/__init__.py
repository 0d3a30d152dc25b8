"""Studies: several runs over the same sessions, played together and compared user by user.

A study is a few lines of its own, over machinery that all share:

    options.py     what every study command may be told, and what of it determines results
    arms.py        an arm: a name, and the options it lays over those of the study
    player.py      plays arms as runs, one per arm and study seed, audited before anything is asked; continuable
    results.py     what came of an arm, user by user and seed by seed, with its interval
    comparison.py  tests between arms: paired by user, adjusted for their number
    costs.py       what each arm has cost
    report.py      results, tests, audit and costs together, as a command returns, prints and gives them as JSON

and what is compared in each:

    recommendation.py  base model, recommendation agent, loop: `afl evaluate recommendation`
    ablation.py        the loop without its recommender, without its reward model, without both: `afl study ablation`
    rounds.py          the loop after each of its rounds: `afl study rounds`
    position.py        the loop with the target first, last, anywhere in its list: `afl study position`
    rankers.py         base model, agents and their pairs without a dialogue: `afl study rankers`
    popularity.py      popular and rare items in what is recommended, by round: `afl study popularity`
    user.py            arms of the user-simulation task: `afl evaluate user`
    user_rounds.py     the user agent with the memory of 0, 1, 2, ... rounds: `afl study user-rounds`
    agreement.py       whether the user agent follows the reward score and nothing else: `afl study agreement`
    truth.py           the user agent held against true likes, where the world is a simulated one

The public functions are in `simulations.commands`, the command line in `simulations.cli.study`.
"""
