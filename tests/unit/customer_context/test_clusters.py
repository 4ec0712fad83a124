"""Clusters of findings are those of the oracle, in any order."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from customer_context.relevance.clusters import Finding, clusters, matters
from tests.oracles import clusters as oracle

START = datetime(2026, 11, 29, tzinfo=UTC)
_FINDINGS = st.lists(
    st.tuples(
        st.sampled_from(["gap", "zero"]),
        st.sampled_from([f"meter:m{i}" for i in range(5)]),
        st.integers(0, 120),
    ),
    max_size=12,
)


@given(_FINDINGS, st.integers(0, 30), st.integers(1, 4), st.randoms())
def test_clusters_are_those_of_the_oracle(drawn, gap, fewest, random):
    rows = [(str(i), *row) for i, row in enumerate(drawn)]
    findings = [Finding(i, k, s, START + timedelta(minutes=at)) for i, k, s, at in rows]
    found = clusters(findings, timedelta(minutes=gap), fewest)
    assert {(c.kind, frozenset(c.ids)) for c in found} == oracle.clusters(rows, gap, fewest)
    random.shuffle(findings)
    assert clusters(findings, timedelta(minutes=gap), fewest) == found
    sizes = [len(cluster.subjects) for cluster in found]
    assert sizes == sorted(sizes, reverse=True)


def test_an_outage_is_one_cluster():
    at = [START + timedelta(minutes=15 * (i % 2)) for i in range(12)]
    findings = [Finding(f"a{i}", "gap", f"meter:m{i}", at[i]) for i in range(12)]
    (cluster,) = clusters(findings)
    assert len(cluster.subjects) == 12
    assert (cluster.first, cluster.last) == (START, START + timedelta(minutes=15))
    assert clusters(findings[:2]) == []


_PLACED = st.lists(
    st.tuples(
        st.sampled_from(["gap", "zero", "negative"]),
        st.sampled_from([f"meter:m{i}" for i in range(6)]),
        st.integers(0, 900),
        st.sampled_from(["", "c1", "c2"]),
    ),
    max_size=12,
)


@given(_PLACED, st.integers(0, 30), st.integers(0, 400), st.integers(1, 4), st.randoms())
def test_matters_are_those_of_the_oracle(drawn, gap, place_gap, fewest, random):
    rows = [(str(i), *row) for i, row in enumerate(drawn)]
    findings = [Finding(i, k, s, START + timedelta(minutes=at), p) for i, k, s, at, p in rows]
    limits = (timedelta(minutes=gap), timedelta(minutes=place_gap), fewest)
    found = matters(findings, {"gap", "zero"}, *limits)
    expected = oracle.matters(rows, {"gap", "zero"}, gap, place_gap, fewest)
    assert {(c.place, frozenset(c.ids)) for c in found} == expected
    random.shuffle(findings)
    assert matters(findings, {"gap", "zero"}, *limits) == found


def test_a_concentrator_that_fails_is_one_matter():
    """Some of its meters are silent, others send nonsense; a silent one elsewhere is no part."""
    hours = [START + timedelta(hours=i) for i in range(4)]
    kinds = ["gap", "negative", "gap", "zero"]
    findings = [Finding(f"a{i}", kinds[i], f"meter:m{i}", hours[i], "KB-7") for i in range(4)]
    (one,) = matters([*findings, Finding("b", "gap", "meter:x", START)], {"gap", "zero"})
    assert (one.place, one.kind, len(one.subjects)) == ("KB-7", "gap", 4)
