from __future__ import annotations

import numpy as np
import pytest

from handful.errors import DataError
from handful.experiment.design import MIN_PROPENSITY, MIN_ROWS, make_design, support_mask
from handful.experiment.propensity import estimate_propensity
from handful.experiment.simulate import Simulation, simulate
from made_experiment import design_of, found, spec


def test_shares_within_strata_are_the_propensities():
    offer = np.repeat([0, 1, 0, 1], [300, 100, 60, 140])
    stratum = np.repeat([0, 0, 1, 1], [300, 100, 60, 140])
    design, findings = design_of(offer, stratum)
    assert design.by_stratum.tolist() == [[0.75, 0.25], [0.3, 0.7]]
    assert design.received[[0, 300, 400, 599]].tolist() == [0.75, 0.25, 0.3, 0.7]
    assert design.support.all()
    assert findings == ()


def test_a_table_is_taken_as_stated():
    offer = np.repeat([0, 1], [520, 480])
    design, _ = design_of(offer, said=spec(propensity={"A": 0.5, "B": 0.5}))
    assert design.kind == "table"
    assert set(design.received.tolist()) == {0.5}


def test_logged_probabilities_are_kept_row_by_row():
    offer = np.tile([0, 1], 200)
    received = np.linspace(0.2, 0.8, 400)
    design, _ = design_of(offer, said=spec(propensity="column:p"), received=received)
    assert design.kind == "column"
    assert np.array_equal(design.received, received)


def test_an_offer_never_tried_in_a_stratum_is_closed_there_and_noted():
    offer = np.repeat([0, 1, 2, 0, 1], 200)
    stratum = np.repeat([0, 0, 0, 1, 1], 200)
    design, findings = design_of(offer, stratum)
    assert design.support.tolist() == [[True, True, True], [True, True, False]]
    note = found(findings, "D311")
    assert note.level == "note"
    assert "'C' in 's1' (0 rows)" in note.message


def test_support_needs_rows_and_a_probability():
    counts = np.array([[10_000, MIN_ROWS, MIN_ROWS - 1]])
    shares = np.array([[0.98, MIN_PROPENSITY, MIN_PROPENSITY]])
    assert support_mask(counts, shares).tolist() == [[True, True, False]]
    assert support_mask(counts, shares - 0.001).tolist() == [[True, False, False]]


def test_small_strata_ask_for_a_quarter_of_an_equal_share():
    counts = np.array([[20, 20, 8, 2], [400, 400, 60, 60]])
    shares = counts / counts.sum(axis=1, keepdims=True)
    # A stratum of 50 rows and 4 offers asks for 50 / 4 / 4 = 3.1 rows of an offer.
    assert support_mask(counts, shares)[0].tolist() == [True, True, True, False]


def test_bad_logged_probabilities_block_with_a_count_of_each_kind():
    received = np.full(400, 0.5)
    received[[3, 4]] = 0.0
    received[5] = -0.1
    received[6:9] = 1.2
    received[9] = np.nan
    with pytest.raises(DataError) as caught:
        design_of(np.tile([0, 1], 200), said=spec(propensity="column:p"), received=received)
    finding = found(caught.value.findings, "D303")
    assert "1 missing, 2 zero, 1 negative, 3 above 1" in finding.message
    assert "row 4" in finding.message
    assert finding.count == 7
    assert finding.share == pytest.approx(7 / 400)


def test_a_deterministic_log_blocks():
    with pytest.raises(DataError) as caught:
        design_of(np.tile([0, 1], 200), said=spec(propensity="column:p"), received=np.ones(400))
    assert "no overlap for offers 'A', 'B'" in found(caught.value.findings, "D304").message


def test_one_offer_only_blocks_by_name():
    offer = np.zeros(100, dtype=np.int64)
    with pytest.raises(DataError) as caught:
        make_design(
            offer=offer,
            stratum=offer,
            offers=("A", "B"),
            strata=("all",),
            spec=spec(),
            received=None,
        )
    finding = found(caught.value.findings, "D301")
    assert "cannot compare offers" in finding.message
    assert "only 'A' present" in finding.message


def test_a_table_must_name_every_offer_and_add_up_all_said_at_once():
    said = spec(propensity={"A": 0.4, "Z": 0.4})
    with pytest.raises(DataError) as caught:
        design_of(np.tile([0, 1], 200), said=said)
    assert {finding.code for finding in caught.value.findings} == {"D305", "D306"}
    message = found(caught.value.findings, "D305").message
    assert "missing: 'B'; not in the log: 'Z'" in message


def test_a_table_cannot_rule_out_what_rows_received():
    with pytest.raises(DataError) as caught:
        design_of(np.tile([0, 1], 200), said=spec(propensity={"A": 1.0, "B": 0.0}))
    assert "'B'" in found(caught.value.findings, "D307").message


def test_an_unrandomised_log_is_refused_unless_accepted_in_writing():
    offer = np.tile([0, 1], 200)
    with pytest.raises(DataError) as caught:
        design_of(offer, said=spec(propensity="estimate"))
    assert "accept_observational = true" in found(caught.value.findings, "D308").remedy
    design, findings = design_of(offer, said=spec(propensity="estimate", accept_observational=True))
    assert design.observational
    assert found(findings, "D310").level == "warn"


def test_estimated_propensities_take_out_the_confounding():
    settings = Simulation(
        surface="null", offers=3, arm_effects=0.0, observational=True, missing=0.1, categories=1
    )
    drawn = simulate(settings, n=20_000, random_state=3)
    naive, guessed = drawn.experiment, estimate_propensity(drawn.experiment)

    def spread(experiment):
        weight = 1.0 / experiment.design.received
        sums = np.bincount(experiment.offer, weights=weight * experiment.profit)
        return float(np.ptp(sums / np.bincount(experiment.offer, weights=weight)))

    assert spread(naive) > 0.3
    assert spread(guessed) < 0.1
    assert guessed.design.received.min() >= MIN_PROPENSITY
