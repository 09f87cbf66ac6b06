"""What must hold in every world after every step. Each rule yields what breaks it, in words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

from bot.core.planner.moves import MOST_ATTEMPTS
from bot.core.store.kinds import instant_to_integer, integer_to_instant
from tests.simulation.facts import MINUTE, Engagement, Facts, Target, ledger, read_facts
from tests.simulation.vendors import REMEMBERS
from tests.simulation.world import World

SECOND = 1_000_000
GRACE = 20 * SECOND
"""Clocks that were set forward are noticed after 15 seconds, a target that breaks is given up
after 10.
"""


def check(world: World, *, is_calm: bool = False) -> None:
    """Raises BrokenError. In a calm everything has come to its end."""
    facts = read_facts(world.database)
    problems = [*world.problems]
    for rule in ALWAYS:
        problems += rule(world, facts)
    if _works_since(world) + GRACE < world.now:
        for rule in WHILE_IT_WORKS:
            problems += rule(world, facts)
    if is_calm:
        for rule in IN_THE_END:
            problems += rule(world, facts)
    if problems:
        raise world.broken(problems, ledger(facts, _clock, lambda key: _page(world, key)))


def _works_since(world: World) -> int:
    """When the process, with the clock as it is, began to work; far ahead where it is dead."""
    if not world.process.is_alive:
        return world.now
    return instant_to_integer(max(world.process.started_at, world.jumped_at))


def _clock(at: int) -> str:
    return f"{integer_to_instant(at):%H:%M:%S}"


def _name(world: World, engagement: Engagement) -> str:
    return f"{engagement.arn} of {engagement.contact_arn}"


def _page(world: World, key: str) -> str:
    return world.story.name(key, "page")


# Nobody is told too much


def nobody_is_told_after_the_end(world: World, facts: Facts) -> Iterator[str]:
    for page in facts.pages.values():
        over_at = facts.engagements[page.engagement_key].over_at
        if over_at is not None and page.created_at > over_at:
            yield f"{_page(world, page.key)} was made after its engagement was over"
    for parent_key, children in facts.children.items():
        over_at = facts.engagements[parent_key].over_at
        for child in children:
            if over_at is not None and child.started_at > over_at:
                yield f"{_name(world, child)} began after the plan above it was over"


def an_acknowledgement_ends_its_chain(world: World, facts: Facts) -> Iterator[str]:
    """Upwards through what is essential, and from there down through all that was begun."""
    for engagement in facts.engagements.values():
        if engagement.acknowledged_by == engagement.contact_arn:
            yield from _not_ended_above(world, facts, engagement)
        if engagement.over_at is None:
            continue
        for child in facts.children.get(engagement.key, ()):
            if child.over_at is None:
                yield f"{_name(world, child)} goes on under a plan that is over"
    for page in facts.pages.values():
        if page.read_at is not None and facts.engagements[page.engagement_key].over_at is None:
            yield f"{_page(world, page.key)} was read and its engagement goes on"


def _not_ended_above(world: World, facts: Facts, child: Engagement) -> Iterator[str]:
    for target in facts.leads:
        if target.child_key != child.key:
            continue
        parent = facts.engagements[target.engagement_key]
        info = parent.stages[target.stage]["Targets"][target.number]["ContactTargetInfo"]
        if not info["IsEssential"]:
            continue
        if parent.over_at is None:
            yield f"{_name(world, parent)} goes on, though {child.arn} was acknowledged"
        elif parent.acknowledged_by == child.acknowledged_by:
            yield from _not_ended_above(world, facts, parent)


def pages_repeat_only_after_their_interval(world: World, facts: Facts) -> Iterator[str]:
    """Counted from when a page was asked for: it may have waited for others of its channel."""
    replaced = _replaced(world, facts)
    told = Counter(
        key
        for each in facts.told.values()
        for key in each.page_keys
        if each.key not in replaced
    )
    for target, interval in _page_targets(facts):
        page = facts.pages[target.page_key or ""]
        passed = target.told_at - page.created_at
        most = 1 + passed // interval if interval else 1
        times = max(told[page.key], target.attempts)
        if times > min(most, MOST_ATTEMPTS):
            every = f"every {interval // MINUTE} min" if interval else "once"
            name = _page(world, page.key)
            yield f"{name} was told {times} times within {passed / SECOND:.1f} s, not {every}"


def _replaced(world: World, facts: Facts) -> set[str]:
    """Bundles that never left, but for those of their pages that somebody still waits for."""
    came = {(told.at, key) for told in facts.told.values() for key in told.page_keys}
    taken = {attempt.key for attempt in world.taken}
    return {
        told.key
        for told in facts.told.values()
        if len(told.page_keys) > 1 and told.key not in taken
        if any((told.gone_at, key) in came for key in told.page_keys)
    }


def _page_targets(facts: Facts) -> Iterator[tuple[Target, int]]:
    """The targets that led to a page, with their retry intervals."""
    for key, targets in facts.targets.items():
        stages = facts.engagements[key].stages
        for target in targets:
            if target.page_key is not None:
                info = stages[target.stage]["Targets"][target.number]["ChannelTargetInfo"]
                yield target, info.get("RetryIntervalInMinutes", 0) * MINUTE


def a_repetition_after_doubt_is_marked(world: World, facts: Facts) -> Iterator[str]:
    del facts
    by_key = defaultdict(list)
    for attempt in world.taken:
        by_key[attempt.key].append(attempt)
    for attempts in by_key.values():
        for earlier, later in pairwise(attempts):
            name = world.names(later.page_keys)
            if earlier.answered and earlier.process is later.process:
                yield f"{name} was sent again though the vendor had said that it took it"
            if not later.repeats:
                yield f"{name} arrived a second time without being marked"
            if later.medium in REMEMBERS:
                yield f"{name} arrived a second time though the {later.medium} vendor had it"


def nobody_is_engaged_twice_at_once(world: World, facts: Facts) -> Iterator[str]:
    """Of two routes from one plan to a person, the second one joins the first."""
    for child in facts.engagements.values():
        for earlier in facts.engagements.values():
            is_same = child.root_key and child.root_key == earlier.root_key
            if not is_same or child.contact_key != earlier.contact_key:
                continue
            if earlier.key < child.key and _is_running(facts, earlier, child.started_at):
                yield f"{_name(world, child)} began while {earlier.arn} was going on"


def _is_running(facts: Facts, engagement: Engagement, at: int) -> bool:
    ends = [e for e in (engagement.over_at, engagement.ended_at) if e is not None]
    if engagement.stage is None or engagement.stage_begun_at is None:
        return min(ends, default=at + 1) > at and engagement.started_at < at
    last = len(engagement.stages) - 1
    if engagement.stage >= last:
        ends.append(engagement.stage_begun_at + _duration(engagement, last))
        if _is_hopeless(facts, engagement, last):
            return False
    return min(ends, default=at + 1) > at


# Nobody is forgotten


def timers_never_wake_in_the_past(world: World, facts: Facts) -> Iterator[str]:
    del facts
    for task, due_at, at in world.database.look("SELECT * FROM alarm WHERE due_at < at"):
        yield f"{task} was set {(at - due_at) / SECOND:.3f} s into the past"


def due_jobs_are_run(world: World, facts: Facts) -> Iterator[str]:
    del facts
    late = world.now - GRACE
    for task, attempts in world.database.look(
        "SELECT task, attempts FROM job WHERE due_at < ? OR parked_at IS NOT NULL", late
    ):
        yield f"{task} is due and does not run, after {attempts} attempts"


def stages_follow_in_time(world: World, facts: Facts) -> Iterator[str]:
    late = world.now - GRACE
    for engagement in facts.engagements.values():
        if engagement.over_at is not None or engagement.ended_at is not None:
            continue
        if engagement.stage is None or engagement.stage_begun_at is None:
            due_at = engagement.started_at
        else:
            due_at = engagement.stage_begun_at + _duration(engagement, engagement.stage)
        if due_at < late:
            ago = (world.now - due_at) / SECOND
            yield f"{_name(world, engagement)} should have gone on {ago:.0f} s ago"


def no_stage_begins_too_early(world: World, facts: Facts) -> Iterator[str]:
    """A stage lasts its duration, unless everybody in it has failed."""
    for engagement in facts.engagements.values():
        begun = dict[int, int]()
        for target in facts.targets.get(engagement.key, ()):
            first = target.told_at if target.attempts == 1 else None
            if first is not None:
                begun[target.stage] = min(begun.get(target.stage, first), first)
        for stage, at in begun.items():
            before = stage - 1
            if before not in begun or _is_hopeless(facts, engagement, before):
                continue
            if at < begun[before] + _duration(engagement, before):
                yield f"stage {stage} of {_name(world, engagement)} began too early"


def every_target_of_a_begun_stage_was_told(world: World, facts: Facts) -> Iterator[str]:
    """Each has a page with a receipt or a message under way, or an engagement, or failed."""
    on_its_way = (told.page_keys for told in facts.told.values() if told.gone_at is None)
    under_way = {key for keys in on_its_way for key in keys}
    for engagement in facts.engagements.values():
        targets = {(t.stage, t.number): t for t in facts.targets.get(engagement.key, ())}
        begun = -1 if engagement.stage is None else engagement.stage
        for stage in range(min(begun + 1, len(engagement.stages))):
            for number in range(len(engagement.stages[stage]["Targets"])):
                target = targets.get((stage, number))
                if target is None:
                    if engagement.over_at is None:
                        yield f"target {stage}.{number} of {engagement.arn} was never told"
                elif not _is_explained(facts, target, under_way):
                    yield f"target {stage}.{number} of {engagement.arn} has no explanation"


def what_waits_leaves_in_time(world: World, facts: Facts) -> Iterator[str]:
    for page in facts.pages.values():
        if page.waits_until is not None and page.waits_until < world.now - GRACE:
            late = (world.now - page.waits_until) / SECOND
            yield f"{_page(world, page.key)} waits {late:.0f} s longer than it says"


def _is_explained(facts: Facts, target: Target, under_way: set[str]) -> bool:
    if target.page_key is not None:
        return bool(facts.receipts.get(target.page_key)) or target.page_key in under_way
    return bool(target.child_key) or bool(target.has_failed)


# The ledger explains every message


def every_message_that_is_gone_has_a_receipt(world: World, facts: Facts) -> Iterator[str]:
    taken, replaced = {attempt.key for attempt in world.taken}, _replaced(world, facts)
    for told in facts.told.values():
        is_gone = told.gone_at is not None and told.key not in replaced
        for key in told.page_keys if is_gone else ():
            then = [r for r in facts.receipts.get(key, ()) if r.at == told.gone_at]
            if not then:
                yield f"{_page(world, key)} left the outbox without a receipt"
            elif told.key in taken and all(r.info.startswith("Not sent:") for r in then):
                yield f"{_page(world, key)} is called not sent, and the vendor has it"


def what_is_told_twice_is_recorded_once(world: World, facts: Facts) -> Iterator[str]:
    for key, receipts in facts.receipts.items():
        told = Counter((r.type, r.vendor_id) for r in receipts if r.vendor_id is not None)
        for (kind, vendor_id), times in told.items():
            if times > 1:
                yield f"{_page(world, key)} has {times} receipts {kind} of {vendor_id}"


def every_answer_of_a_vendor_is_recorded(world: World, facts: Facts) -> Iterator[str]:
    """In the end: what the living process was told is in a SENT receipt."""
    for attempt in world.taken:
        if attempt.key not in facts.told or not attempt.process.is_alive:
            continue
        for key in attempt.page_keys if attempt.answered else ():
            receipts = facts.receipts.get(key, ())
            if attempt.vendor_id not in {r.vendor_id for r in receipts if r.type == "SENT"}:
                yield f"{_page(world, key)} has no receipt for {attempt.vendor_id}"


def nothing_is_left_lying(world: World, facts: Facts) -> Iterator[str]:
    for told in facts.told.values():
        if told.gone_at is None:
            yield f"{world.names(told.page_keys)} lies in the outbox for ever"
    for engagement in facts.engagements.values():
        if engagement.over_at is None and engagement.ended_at is None:
            yield f"{_name(world, engagement)} never ends"


def nothing_is_promised_for_ever(world: World, facts: Facts) -> Iterator[str]:
    """In the end no page's last word is that it waits, or is tried again."""
    for key, receipts in facts.receipts.items():
        last = receipts[-1].info
        if last.startswith("Waiting until") or "Trying again at" in last:
            yield f"{_page(world, key)} was never heard of again after: {last}"


def whom_nobody_reached_is_told_of(world: World, facts: Facts) -> Iterator[str]:
    for engagement in facts.engagements.values():
        targets = facts.targets.get(engagement.key, [])
        is_reached = any(not target.has_failed for target in targets)
        if engagement.over_at is None and not is_reached and not engagement.is_unreachable:
            yield f"{_name(world, engagement)} reached nobody, and nothing says so"


def _duration(engagement: Engagement, stage: int) -> int:
    if stage >= len(engagement.stages) or stage < 0:
        return 0
    return int(engagement.stages[stage]["DurationInMinutes"]) * MINUTE


def _is_hopeless(facts: Facts, engagement: Engagement, stage: int) -> bool:
    targets = [t for t in facts.targets.get(engagement.key, ()) if t.stage == stage]
    return bool(targets) and all(target.has_failed for target in targets)


ALWAYS = (
    nobody_is_told_after_the_end,
    an_acknowledgement_ends_its_chain,
    pages_repeat_only_after_their_interval,
    a_repetition_after_doubt_is_marked,
    nobody_is_engaged_twice_at_once,
    timers_never_wake_in_the_past,
    no_stage_begins_too_early,
    every_message_that_is_gone_has_a_receipt,
    what_is_told_twice_is_recorded_once,
)
WHILE_IT_WORKS = (
    due_jobs_are_run,
    stages_follow_in_time,
    every_target_of_a_begun_stage_was_told,
    what_waits_leaves_in_time,
)
IN_THE_END = (
    every_answer_of_a_vendor_is_recorded,
    nothing_is_left_lying,
    nothing_is_promised_for_ever,
    whom_nobody_reached_is_told_of,
)
