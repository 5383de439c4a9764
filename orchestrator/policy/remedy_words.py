"""What an issue about a trouble says when no model words it: title, what to do, and when it is done.

Each trouble has words of its own, without figures: two troubles must not look alike to whoever compares them, and the
same one must look the same in every week.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.model.backlog import Signal
from orchestrator.model.result import BlockerCode


@dataclass(frozen=True)
class Words:
    title: str
    advice: str
    """Empty: the signal's own."""
    done: str
    """The success criterion."""


def of(signal: Signal) -> Words:
    parts = signal.id.split(":")
    if signal.kind in ("blocker_spike", "escalations") and parts[-1] in CODES:
        return CODES[parts[-1]]
    make = KINDS.get(signal.kind)
    if make is not None:
        return make(parts)
    name = signal.kind.replace("_", " ")
    return Words(f"Look into {name}", "", f"The cause of {name} is named and gone.")


CODES: Mapping[str, Words] = {
    BlockerCode.MISSING_CONTEXT.value: Words(
        "Write down what engineers have to know before they start",
        "Collect the questions on which runs stopped, answer them in CODEBASE.md, and complete the issues that left "
        "them open.",
        "CODEBASE.md answers every question named in the cited runs.",
    ),
    BlockerCode.MISSING_CREDENTIALS.value: Words(
        "Make tests run without somebody's keys",
        "Replace calls that need a login or token in tests by local stand-ins, or say which secret has to be provided.",
        "The suite passes in a shell with no key, token or login.",
    ),
    BlockerCode.ENVIRONMENT_FAILURE.value: Words(
        "Repair the machine setup on which work breaks off",
        "Find which tool, package or service is absent or broken on the worker, and pin or install it by script.",
        "A fresh checkout sets itself up with one command on the worker.",
    ),
    BlockerCode.DEPENDENCY_BLOCKED.value: Words(
        "Order the issues that wait for each other",
        "Look which unfinished issues or unreleased libraries others needed, link them with `Depends on`, and split "
        "off what can go first.",
        "Each cited task names its prerequisite, and those are open issues of their own.",
    ),
    BlockerCode.QUOTA_LIMITED.value: Words(
        "Spread work so that no provider refuses it",
        "Compare the hours of refusals with the plan, and change chains or parallelism.",
        "A day's usual load fits into the told window.",
    ),
    BlockerCode.RUNNER_FAILURE.value: Words(
        "Find out why the agent program breaks down here",
        "Read the transcripts of the cited runs for the step at which the command line program died: size of files, "
        "encoding, a hook, memory.",
        "The breakdown can be brought about at will, and no longer happens.",
    ),
    BlockerCode.TIMEOUT.value: Words(
        "Shorten builds and tests until a run fits its time",
        "Measure where the minutes go (install, compile, slowest tests) and cut the longest; split issues that are "
        "simply too large.",
        "Verification takes less than half of the time limit.",
    ),
    BlockerCode.TEST_FAILURE.value: Words(
        "Mend the tests that keep failing across unrelated work",
        "List the failing test names of the cited runs; those that fail for several tasks are broken or flaky "
        "themselves and are fixed first.",
        "The named tests pass twenty times in a row on the base branch.",
    ),
    BlockerCode.MANUAL_INTERVENTION_REQUIRED.value: Words(
        "Automate the steps that people are called for",
        "Gather the manual steps that were asked for, and script each or document who does it.",
        "None of the listed hand steps is needed any more, or it has an owner.",
    ),
    BlockerCode.FALLBACK_EXHAUSTED.value: Words(
        "Add an engineer to chains that run dry",
        "See for which task types every agent of the chain gave up, and extend the chain or rewrite such issues.",
        "Chains of the affected types hold an agent that ended one of these tasks well.",
    ),
    BlockerCode.INVALID_RESULT_CONTRACT.value: Words(
        "Get result files written the way the contract asks",
        "Compare the malformed `.agent_result.md` files, and make the instruction or the parser meet them.",
        "The collected malformed files are a test of the parser, and it reads or names each fault.",
    ),
    BlockerCode.NO_DIFF_PRODUCED.value: Words(
        "Sort out issues that need no change",
        "Tell apart what was done already, what is too vague to act on and what agents skipped; close, reword or "
        "reassign accordingly.",
        "Every cited issue is closed with a reason or has a checkable goal.",
    ),
    BlockerCode.WORKFLOW_VALIDATION_FAILED.value: Words(
        "Bring workflow files into valid form",
        "Run a workflow linter over `.github/workflows` and correct what it reports.",
        "The linter is silent and runs in verification.",
    ),
}
"""By blocker code."""

Make = Callable[[Sequence[str]], Words]
KINDS: Mapping[str, Make] = {
    "broken_invariant": lambda id: Words(
        "Close the way by which an untested tree was merged",
        "",
        "A test brings the wrong merge about, and it is refused.",
    ),
    "business_objective_regressed": lambda id: Words(
        f"Turn round what made the objective of {id[-1]} worse",
        "",
        "The cause of the movement is named, and taken back or changed.",
    ),
    "ci_rounds_exhausted": lambda id: Words(
        "Let CI failures be found before the push", "", "`verify` fails where the cited pull requests' checks failed."
    ),
    "escalations": lambda id: Words(
        f"Remove the reason why tasks are given up with {id[-1]}", "", "What the given-up tasks have in common is gone."
    ),
    "execution_degraded": lambda id: Words(
        f"Help {id[1]} to end its tasks well again ({id[-1].replace('_', ' ')})",
        "",
        f"The runs of {id[1]} that are cited would end well today.",
    ),
    "failing_tasks": lambda id: Words(
        "Find out why most tasks end without a merge",
        "",
        "Each cited task has its reason named, the commonest is gone.",
    ),
    "over_budget": lambda id: Words(
        f"Lower the cost of {id[-1]}", "", "An estimate shows the same work below the ceiling."
    ),
    "quota": lambda id: Words(
        f"Keep {id[-1]} within its quota", "", f"A week's usual work leaves {id[-1]} below its limit."
    ),
    "red_base": lambda id: Words(
        "Keep the base branch green after merges", "", "The base branch's failing check runs on pull requests too."
    ),
    "repeated_crash": lambda id: Words(
        f"Mend the repeated {id[-1]} in {' '.join(id[1:-1])}",
        "",
        f"A test raises this {id[-1]} before, and none after.",
    ),
    "stalled_planner": lambda id: Words(
        f"Mend the {id[1]} of {id[-1]}, which stalls", "", f"The {id[1]} of {id[-1]} runs again when it is due."
    ),
    "verification_flaky": lambda id: Words(
        "Make verification say the same of the same commit", "", "The unsteady tests are named, and steady in 50 runs."
    ),
}
"""By kind of signal; the parts of its id tell the rest."""
