"""What later rooms may do with achievements inside their own transaction."""

from techmarket.achievements.steps.approving import ApprovalFacts, approvals_shown, require_approval
from techmarket.achievements.steps.binding import end_licence, enter_licence
from techmarket.achievements.steps.claiming import claim, release
from techmarket.achievements.steps.consenting import ConsentFacts, ask_for_version, consent_document, consents_shown
from techmarket.achievements.steps.facts import (
    AchievementFacts,
    FirstRefusalBasis,
    FirstRefusalHolder,
    OwnerFacts,
    RightFacts,
    completers,
    first_refusal_holders,
    first_refusal_of,
    get_facts,
    kinship,
    units_of,
)
from techmarket.achievements.steps.selling import Ground, Sale, grounds_of, require_sellable, unsellable
from techmarket.achievements.steps.titling import change_title
from techmarket.achievements.steps.writing import create_many, replace

__all__ = [
    "AchievementFacts",
    "ApprovalFacts",
    "ConsentFacts",
    "FirstRefusalBasis",
    "FirstRefusalHolder",
    "Ground",
    "OwnerFacts",
    "RightFacts",
    "Sale",
    "approvals_shown",
    "ask_for_version",
    "change_title",
    "claim",
    "completers",
    "consent_document",
    "consents_shown",
    "create_many",
    "end_licence",
    "enter_licence",
    "first_refusal_holders",
    "first_refusal_of",
    "get_facts",
    "grounds_of",
    "kinship",
    "release",
    "replace",
    "require_approval",
    "require_sellable",
    "units_of",
    "unsellable",
]
