"""Selection of proposals (揭榜挂帅): who answers an open challenge best, by a published formula and a panel.

The lister of the demand pays; what a proposal asks for is its price.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from techmarket.trading.formula import Measure
from techmarket.trading.lifecycle import Method
from techmarket.trading.methods.scored import Scored


class Selection(Scored):
    method = Method.SELECTION
    lot_needs = ()
    measures = frozenset({Measure.ASKED, Measure.PANEL})
    price = Measure.ASKED

    def published(self, terms: Mapping[str, Any]) -> dict[str, Any]:
        return {**super().published(terms), "payer": "lister", "documents": "named_in_the_envelope_uploaded_after_it"}
