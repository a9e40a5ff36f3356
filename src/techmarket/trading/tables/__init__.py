"""The mapped classes of trading."""

from __future__ import annotations

from techmarket.trading.tables.bids import (
    Award,
    BidRow,
    FinalBid,
    FirstRefusalClaim,
    TalkOffer,
)
from techmarket.trading.tables.panels import (
    LotScores,
    PanelSeat,
    ScoreSheet,
)
from techmarket.trading.tables.parties import (
    ConsortiumMember,
    Deposit,
    Participant,
    ParticipantOpinion,
    Seat,
)
from techmarket.trading.tables.sealing import (
    Envelope,
    LotSealing,
    OpenedEnvelope,
    OpeningOfficer,
)
from techmarket.trading.tables.trades import (
    Lot,
    LotTurn,
    Trade,
    TradeAct,
    TradeNumber,
)

__all__ = [
    "Award",
    "BidRow",
    "ConsortiumMember",
    "Deposit",
    "Envelope",
    "FinalBid",
    "FirstRefusalClaim",
    "Lot",
    "LotScores",
    "LotSealing",
    "LotTurn",
    "OpenedEnvelope",
    "OpeningOfficer",
    "PanelSeat",
    "Participant",
    "ParticipantOpinion",
    "ScoreSheet",
    "Seat",
    "TalkOffer",
    "Trade",
    "TradeAct",
    "TradeNumber",
]
