"""The shapes that go over the wire, for type checkers and readers.

Made from the OpenAPI document by `techmarket openapi --write`; not edited by hand.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class Accept(TypedDict):
    token: str
    name: str
    password: str


class AcceptIn(TypedDict):
    sha256: str


class AcceptMilestone(TypedDict):
    evidence_sha256: NotRequired[str | None]


class AcceptOffer(TypedDict):
    document_sha256: str


class AccessOut(TypedDict):
    id: str
    at: str
    outcome: ReadOutcome
    document_id: str
    folder: str
    name: str
    version: int
    organisation_id: str | None
    organisation: str | None
    person_id: str | None
    person: str | None
    is_stamped: bool
    entry_id: str | None


class AccessPage(TypedDict):
    items: list[AccessOut]
    next_cursor: str | None


class AccountPage(TypedDict):
    items: list[LedgerAccountOut]
    next_cursor: str | None


class AccountStatementOut(TypedDict):
    account: LedgerAccountOut
    first_day: str
    last_day: str
    opening: dict[str, Any]
    came_in: dict[str, Any]
    went_out: dict[str, Any]
    closing: dict[str, Any]
    items: list[StatementLineOut]
    next_cursor: str | None


class AchievementIn(TypedDict):
    title_zh: NotRequired[str | None]
    title_en: NotRequired[str | None]
    abstract_zh: NotRequired[str | None]
    abstract_en: NotRequired[str | None]
    keywords: NotRequired[list[str]]
    technology_field: NotRequired[str | None]
    industry: NotRequired[str | None]
    ipc: NotRequired[list[str]]
    trl: NotRequired[int | None]
    trl_standard: NotRequired[str | None]
    trl_year: NotRequired[int | None]
    funding_source: NotRequired[str | None]
    plan_source: NotRequired[PlanSource | None]
    project_number: NotRequired[str | None]
    rights: NotRequired[list[RightIn]]
    owners: NotRequired[list[OwnerIn]]
    completers: NotRequired[list[str]]


class AchievementOut(TypedDict):
    id: str
    organisation_id: str
    state: AchievementState
    revision: int
    title_zh: str | None
    title_en: str | None
    abstract_zh: str | None
    abstract_en: str | None
    keywords: list[str]
    technology_field: str | None
    industry: str | None
    ipc: list[str]
    trl: int | None
    trl_standard: str | None
    trl_year: int | None
    funding_source: str | None
    plan_source: PlanSource | None
    project_number: str | None
    external: dict[str, Any]
    rights: list[RightOut]
    owners: list[OwnerOut]
    completers: list[str]
    confirmed_by: list[str]
    encumbrances: list[BurdenOut]
    idle_since: str | None
    warnings: list[CautionOut]


class AchievementPage(TypedDict):
    items: list[AchievementOut]
    next_cursor: str | None


AchievementState: TypeAlias = "Literal['DRAFT', 'RECORDED', 'RETIRED']"


Act: TypeAlias = "Literal['ASSIGN_LINE', 'RELEASE_DUE', 'SETTLE_PAYOUT', 'REFUND_DUE', 'DECLARE_ACCOUNT', 'VOID_STATEMENT', 'EXPLAIN_CHARGE', 'UPLOAD_STATEMENT']"


ActKind: TypeAlias = "Literal['EXTENDED', 'SUSPENDED', 'RESUMED', 'TERMINATION_ASKED', 'TERMINATION_DECLINED', 'TERMINATED']"


class ActList(TypedDict):
    items: list[ActOut]


class ActOut(TypedDict):
    trade_id: str
    n: int
    act: ActKind
    cause: str | None
    reasons: str | None
    by_the_clock: bool
    at: str
    announcement_ends_at: str | None
    bidding_opens_at: str | None


ActState: TypeAlias = "Literal['WAITING', 'DONE', 'REFUSED']"


Action: TypeAlias = "Literal['SUBMIT', 'RENEW', 'WITHDRAW']"


class ActionIn(TypedDict):
    action: Action
    listing_ids: list[str]
    expires_on: NotRequired[str | None]


class ActionOut(TypedDict):
    outcomes: list[ActionOutcomeOut]


class ActionOutcomeOut(TypedDict):
    listing_id: str
    outcome: Literal['submitted', 'renewed', 'withdrawn', 'refused']
    code: str | None
    detail: str | None


class AddCost(TypedDict):
    kind: str
    amount: dict[str, Any]
    evidence: str
    evidence_sha256: NotRequired[str | None]
    incurred_on: str


class AddEvidence(TypedDict):
    evidence_sha256: str


class AddPerson(TypedDict):
    name: str
    roles: list[Role]


class AddRule(TypedDict):
    key: str
    jurisdiction: NotRequired[str]
    scope: str
    mode: NotRequired[RulebookMode | None]
    applies_to: NotRequired[AppliesTo]
    binding: Binding
    base: NotRequired[str | None]
    value: str
    unit: RuleUnit
    source: str
    evidence: Evidence
    effective_from: str
    effective_to: NotRequired[str | None]


class AdoptUnitRule(TypedDict):
    document_sha256: str


class AlertOut(TypedDict):
    number: int
    search_id: str
    search: str
    found_at: str
    listing: ListingOut


class AlertPage(TypedDict):
    items: list[AlertOut]
    next_cursor: str | None


class AllowPrice(TypedDict):
    price: dict[str, Any]
    reasons: str


class AllowanceOut(TypedDict):
    price: dict[str, Any]
    reasons: str
    at: str


class AmountsOut(TypedDict):
    n: int
    was_whole: dict[str, Any]
    was_technology: dict[str, Any]
    whole: dict[str, Any]
    technology: dict[str, Any]
    reasons: str
    at: str


Answer: TypeAlias = "Literal['valid', 'suspended', 'revoked', 'not_ours']"


class AnswerClaim(TypedDict):
    accepted: bool


class AnswerIn(TypedDict):
    text: str
    tier: NotRequired[TierName]


class AnswerOut(TypedDict):
    id: str
    kind: str
    listing_id: str | None
    at: str
    inputs: dict[str, Any]
    results: list[dict[str, Any]]
    is_same: bool
    differs: list[str]


AppliesTo: TypeAlias = "Literal['any', 'government_unit', 'enterprise', 'soe', 'non_soe', 'pilot_unit']"


class ApplyForVesting(TypedDict):
    kind: VestingKind
    years: NotRequired[int | None]
    grantees: list[GranteeWire]


class AppointDeputy(TypedDict):
    deputy_id: str
    roles: list[Role]
    scopes: NotRequired[list[Scope]]
    begins_at: NotRequired[str | None]
    ends_at: str


class AppointExpert(TypedDict):
    person_id: str
    organisation_id: str


ApprovalKind: TypeAlias = "Literal['COLLECTIVE_DECISION', 'DELEGATED_DECISION']"


class ApprovalOut(TypedDict):
    id: str
    organisation_id: str
    kind: ApprovalKind
    state: ApprovalState
    achievement_ids: list[str]
    modes: list[str]
    floor: dict[str, Any] | None
    decided_on: str
    evidence: list[EvidenceFileWire]
    document_sha256: str
    signing_id: str
    signed: int
    required: int
    drawn_up_at: str
    in_force_at: str | None
    revoked_at: str | None
    text: dict[str, Any] | None


class ApprovalPage(TypedDict):
    items: list[ApprovalOut]
    next_cursor: str | None


ApprovalState: TypeAlias = "Literal['SIGNING', 'IN_FORCE', 'REVOKED']"


class ApproveVesting(TypedDict):
    cleared: list[str]
    decision_sha256: str


class Ask(TypedDict):
    subject_kind: str
    subject_id: str
    text: str


class AskConsents(TypedDict):
    modes: list[Literal['TRANSFER', 'EQUITY', 'LICENCE', 'OPEN_LICENCE', 'TRY_BEFORE_BUY']]
    licence_kinds: NotRequired[list[Literal['EXCLUSIVE', 'SOLE', 'ORDINARY']]]
    territory: NotRequired[str]
    field: NotRequired[str]
    valid_until: NotRequired[str | None]


class AskSecondFactor(TypedDict):
    seconds: int | None


class Assign(TypedDict):
    due_id: str


class AttemptOut(TypedDict):
    at: str
    status: int | None
    error: str | None
    milliseconds: int | None
    answer: str | None


class Attest(TypedDict):
    document_sha256: str


class AttestationPage(TypedDict):
    items: list[AttestationsAttestationOut]
    next_cursor: str | None


AttestationState: TypeAlias = "Literal['PENDING', 'CONFIRMED', 'REFUSED', 'WITHDRAWN']"


AttestedAct: TypeAlias = "Literal['RELEASE', 'CONSENT']"


class AuditOut(TypedDict):
    position: int
    id: str
    at: str
    kind: str
    organisation_id: str | None
    person_id: str | None
    person_name: str | None
    via: str | None
    credential_id: str | None
    stands_in_for: str | None
    seconded_by: str | None
    elevation_id: str | None
    refs: list[str]
    facts: dict[str, Any]


class AuditPage(TypedDict):
    items: list[AuditOut]
    next_cursor: str | None


AuthorityKind: TypeAlias = "Literal['LEGAL_REPRESENTATIVE', 'POWER_OF_ATTORNEY']"


class AuthorityOut(TypedDict):
    id: str
    organisation_id: str
    person_id: str
    kind: AuthorityKind
    evidence_sha256: str
    valid_from: str
    valid_until: str | None
    state: AuthorityState
    recorded_at: str
    decided_at: str | None


class AuthorityPage(TypedDict):
    items: list[AuthorityOut]
    next_cursor: str | None


AuthorityState: TypeAlias = "Literal['RECORDED', 'CONFIRMED', 'REFUSED', 'REVOKED']"


class AwardList(TypedDict):
    items: list[AwardOut]


class AwardOut(TypedDict):
    id: str
    trade_id: str
    lot_id: str
    rank: int
    state: AwardState
    seller_organisation_id: str
    buyer_organisation_id: str
    agent_organisation_id: str | None
    member_organisation_ids: list[str]
    price: dict[str, Any]
    deposit: dict[str, Any]
    notice_id: str | None
    sign_by: str | None
    buyers_turn_at: str | None


AwardState: TypeAlias = "Literal['WAITING', 'OFFERED', 'CONCLUDED', 'DEFAULTED', 'LAPSED', 'ANNULLED', 'RELEASED']"


class BalanceCheckOut(TypedDict):
    is_balanced: bool
    books: list[BookOut]


class BankAnswer(TypedDict):
    outcome: Literal['CONFIRMED', 'FAILED']
    bank_reference: str


class BankLineOut(TypedDict):
    id: str
    message_id: str
    payer_account: str
    payer_name: str
    amount: dict[str, Any]
    reference: str
    booked_at: str
    received_at: str
    outcome: OutcomeOutput
    state: SettlementLineState
    due_id: str | None
    payout_id: str | None


class BankLinePage(TypedDict):
    items: list[BankLineOut]
    next_cursor: str | None


class BankReceiptOut(TypedDict):
    id: str
    message_id: str
    outcome: OutcomeOutput
    received_at: str


BasisOutput: TypeAlias = "Literal['COMPLETER', 'CO_OWNER', 'CONTRACT']"


class BatchOut(TypedDict):
    root: str
    index: int
    size: int
    path: list[str]


class BeginLinking(TypedDict):
    current: NotRequired[str | None]
    return_to: NotRequired[str]


class BeginSecondFactor(TypedDict):
    current: NotRequired[str | None]


class BeginSignIn(TypedDict):
    organisation_id: NotRequired[str | None]
    return_to: NotRequired[str]


class BegunOut(TypedDict):
    address: str
    expires_at: str


class BidLineOut(TypedDict):
    seq: int
    bidder: int
    amount: dict[str, Any] | None
    verdict: str
    at: str
    chain: str
    is_void: bool


class BidOut(TypedDict):
    lot_id: str
    seq: int
    at: str
    amount: MoneyWire
    price: MoneyWire
    verdict: str
    effective_end: str
    receipt: ReceiptOut


class BidPage(TypedDict):
    items: list[BidLineOut]
    next_cursor: str | None


Binding: TypeAlias = "Literal['mandatory', 'gap_filling', 'default', 'permissive']"


class BindingIn(TypedDict):
    binds_from: str


class BlindIn(TypedDict):
    agrees: bool


class BlindOut(TypedDict):
    agrees: bool
    items: list[ListingOut]


class BookOut(TypedDict):
    book: str
    accounts: int
    sum: dict[str, Any]
    wrong_accounts: list[str]
    is_balanced: bool


class BooksOut(TypedDict):
    contract_id: str | None
    achievement_id: str | None
    income: list[IncomeOut]
    costs: list[CostOut]
    open_income: dict[str, Any]
    open_costs: dict[str, Any]


class BreachList(TypedDict):
    items: list[BreachOut]


class BreachOut(TypedDict):
    id: str
    contract_id: str
    by: str
    grounds: str
    due_id: str | None
    evidence_sha256: str | None
    state: BreachState
    demanded_at: str
    cure_ends_at: str
    closed_at: str | None
    closing: str | None


BreachState: TypeAlias = "Literal['DEMANDED', 'CURED', 'WITHDRAWN', 'ENDED_CONTRACT']"


BurdenKind: TypeAlias = "Literal['LICENCE_EXCLUSIVE', 'LICENCE_SOLE', 'LICENCE_ORDINARY', 'OPEN_LICENCE', 'USE_RIGHT', 'PLEDGE', 'SEIZURE']"


class BurdenOut(TypedDict):
    id: str
    kind: BurdenKind
    territory: str
    field: str
    manner: str
    valid_from: str
    valid_until: str | None
    holder: str | None
    registration_number: str | None
    evidence_sha256: str | None
    terms: dict[str, Any] | None
    holder_consents: bool
    by: str
    holder_organisation_id: str | None
    awaiting: list[AttestedAct]


class ByTwo(TypedDict):
    operations: list[str]


class Calculate(TypedDict):
    """In equity the receipt is the valued contribution; in self and joint implementation the year's profit."""
    mode: RevenueMode
    rule_date: str
    jurisdiction: NotRequired[str]
    is_government_established: NotRequired[bool]
    is_pilot_unit: NotRequired[bool]
    receipts: list[ReceiptAsked]
    costs: NotRequired[list[CostAsked]]
    table: TableAsked
    pay_on: str
    is_registered: NotRequired[bool]
    term_years: NotRequired[int | None]
    registered_capital: NotRequired[dict[str, Any] | None]
    scenarios: NotRequired[list[Scenario]]


class CalculationOut(TypedDict):
    format: str
    inputs: dict[str, Any]
    steps: list[dict[str, Any]]
    outcome: dict[str, Any]
    explanation: dict[str, Any]
    scenarios: list[ScenarioOut]


Category: TypeAlias = "Literal['FREE', 'RESTRICTED', 'PROHIBITED']"


class CautionOut(TypedDict):
    code: str
    pointer: str


class CertificateOut(TypedDict):
    id: str
    number: str | None
    state: CertificateState
    since: str
    why: Why | None
    issued_at: str | None
    credential_sha256: str | None
    contract_id: str | None
    prepared_by: str | None
    approved_by: str | None
    facts_sha256: str | None
    facts: dict[str, Any] | None
    reasons: str | None
    replaces: str | None
    replaced_by: str | None


class CertificatePage(TypedDict):
    items: list[CertificateOut]
    next_cursor: str | None


CertificateState: TypeAlias = "Literal['PREPARED', 'REJECTED', 'ISSUED', 'SUSPENDED', 'REVOKED', 'REPLACED']"


class Challenge(TypedDict):
    """What an open challenge (揭榜挂帅) fixes before anybody proposes. The weights sum to 1."""
    proposals_by: str
    criteria: list[Criterion]
    milestones: NotRequired[list[Milestone] | None]
    funding: NotRequired[dict[str, Any] | None]


Change: TypeAlias = "Literal['CONTENT', 'CORRECTION']"


ChangeKind: TypeAlias = "Literal['AMENDMENT', 'TERMINATION']"


class ChangeList(TypedDict):
    items: list[ChangesChangeOut]


class ChangeRoles(TypedDict):
    roles: list[Role]


ChangeState: TypeAlias = "Literal['PROPOSED', 'AGREED', 'REJECTED', 'WITHDRAWN']"


class ChangesOut(TypedDict):
    items: list[FeedChangeOut]
    next_cursor: str | None
    is_at_end: bool


Channel: TypeAlias = "Literal['ESCROW', 'PAYROLL']"


class CheckOut(TypedDict):
    code: str
    zh: str
    en: str


class CheckpointOut(TypedDict):
    log_id: str
    size: int
    root: str
    note: str
    kid: str
    at: str
    cosignatures: list[CosignatureOut]


class CheckpointPage(TypedDict):
    items: list[CheckpointOut]
    next_cursor: str | None


class CheckpointPart(TypedDict):
    size: int
    root: str
    note: str
    kid: str


class ClaimFirstRefusal(TypedDict):
    basis: TradingBasis
    evidence_sha256: NotRequired[str | None]


class ClaimPage(TypedDict):
    items: list[RewardClaimsClaimOut]
    next_cursor: str | None


class ClauseIn(TypedDict):
    title: str
    text: str


ClearanceKind: TypeAlias = "Literal['LICENCE', 'REGISTRATION', 'PROJECT_APPROVAL']"


class ClearanceOut(TypedDict):
    kind: ClearanceKind
    number: str
    issued_by: str
    issued_on: str
    recorded_at: str


class ClientOut(TypedDict):
    id: str
    name: str
    organisation_id: str
    roles: list[Role]
    scopes: list[Scope]
    token_seconds: int
    created_by: str
    created_at: str
    revoked_at: str | None
    last_used_at: str | None


class ClientPage(TypedDict):
    items: list[ClientOut]
    next_cursor: str | None


class ClientSecretOut(TypedDict):
    client: ClientOut
    client_secret: str
    older_secret_ends_at: str | None


class ClockOut(TypedDict):
    now: str
    sandbox: bool
    rate: int
    due: NotRequired[str | None]


class CloseBreach(TypedDict):
    closing: str


class Commit(TypedDict):
    digest: str


class CommitmentOut(TypedDict):
    id: str
    organisation_id: str
    digest: str
    state: CommitmentState
    at: str
    entry_id: str
    revealed_at: str | None
    document_sha256: str | None
    salt: str | None
    promise: NotRequired[dict[str, str] | None]


class CommitmentPage(TypedDict):
    items: list[CommitmentOut]
    next_cursor: str | None


CommitmentState: TypeAlias = "Literal['LOGGED', 'REVEALED']"


class ConfirmCompleters(TypedDict):
    completers: list[str]


class ConfirmPosting(TypedDict):
    evidence_sha256: str
    place: NotRequired[Literal['UNIT', 'ELSEWHERE']]
    url: NotRequired[str | None]


class ConsentList(TypedDict):
    items: list[ConsentOut]


class ConsentOut(TypedDict):
    id: str
    achievement_id: str
    organisation_id: str | None
    person_id: str | None
    share: str
    listing_id: str | None
    terms_sha256: str | None
    modes: list[str]
    licence_kinds: list[str]
    territory: str
    field: str
    valid_until: str | None
    document_sha256: str | None
    signing_id: str | None
    state: ConsentState
    asked_at: str
    given_at: str | None
    withdrawn_at: str | None
    text: dict[str, Any] | None
    signatures: list[SignatureOut] | None


class ConsentPage(TypedDict):
    items: list[ConsentOut]
    next_cursor: str | None


class ConsentProofOut(TypedDict):
    consent_id: str
    texts: list[FileTextOut]
    entries: list[EntryProofOut]


ConsentState: TypeAlias = "Literal['ASKED', 'GIVEN', 'WITHDRAWN']"


class ConsentsAsked(TypedDict):
    consent_ids: list[str]


class ConsistencyOut(TypedDict):
    from_size: int
    to_size: int
    path: list[str]


class ConsortiumIn(TypedDict):
    """You represent a consortium: you bid, all members sign the agreement and the contract, and are liable
    jointly.
    """
    part: str
    members: list[MemberIn]
    deposit_organisation_id: NotRequired[str | None]
    evidence_sha256: NotRequired[str | None]


class ConsortiumOut(TypedDict):
    members: list[ParticipantsMemberOut]
    deposit_organisation_id: str
    document_sha256: str
    document: dict[str, Any]
    agreed_at: str | None


class ConsortiumTermsIn(TypedDict):
    """Several may register and buy as one (联合体)."""
    members_max: int
    deposit_from: NotRequired[DepositFrom]


class ContractCardOut(TypedDict):
    id: str
    number: str
    type: ContractType
    state: ContractState
    award_id: str | None
    seller_id: str
    buyer_id: str
    created_at: str
    origin: Origin


class ContractOut(TypedDict):
    id: str
    number: str
    type: ContractType
    state: ContractState
    award_id: str | None
    listing_id: str | None
    notice_id: str | None
    licence_kind: str | None
    scope: dict[str, Any]
    parties: list[PartyOut]
    achievement_ids: list[str]
    approval_ids: list[str]
    document_sha256: str
    signing_id: str | None
    plan: list[PlanLineOut]
    royalty_reports: list[RoyaltyReportOut]
    registration: ContractShapesRegistrationOut | None
    in_force_at: str | None
    term_from: str | None
    term_until: str | None
    reasons: str | None
    form: Form | None
    origin: Origin
    findings: dict[str, Any]
    crossing: dict[str, Any] | None
    clearances: list[ClearanceOut]
    trial_until: str | None
    title_moves: TitleMoves | None
    title_moved_at: str | None
    title_restored_at: str | None
    versions: list[ContractShapesVersionOut]
    signatures: list[SignedOut]
    attestations: list[ContractShapesAttestationOut]
    confirmations: list[ContractShapesAttestationOut]
    signed_on: str | None
    scan_sha256: str | None
    receipt: ContractPromiseOut | None


class ContractPage(TypedDict):
    items: list[ContractCardOut]
    next_cursor: str | None


class ContractPromiseOut(TypedDict):
    """The market's signed word that its log will hold this entry; the proof follows with the next checkpoint."""
    entry_id: str
    leaf_hash: str
    log_id: str
    row: str
    salt: str
    kid: str
    signature: str


ContractState: TypeAlias = "Literal['DRAFT', 'SIGNING', 'AWAITING_CLEARANCE', 'TRIAL', 'IN_FORCE', 'DISPUTED', 'PERFORMED', 'CANCELLED', 'TERMINATED']"


ContractType: TypeAlias = "Literal['LICENCE', 'TRANSFER', 'DEVELOPMENT', 'CONSULTING', 'SERVICE', 'TRAINING', 'INTERMEDIARY']"


class ConversionReportOut(TypedDict):
    unit_id: str
    unit_name: str
    unit_uscc: str | None
    year: int
    due_on: str | None
    due_source: str | None
    as_of: str
    totals: TotalsOut
    by_type: dict[str, TotalsOut]
    rewards_by_group: dict[str, dict[str, Any]]
    contracts: list[ReportedContractOut]
    left_out: int


class CorrectInvoice(TypedDict):
    reasons: str


class CorrectName(TypedDict):
    name: str


class CorrectNotice(TypedDict):
    document_sha256: str
    changes: NoticeWords
    because: str


class CorrectRegistration(TypedDict):
    whole_amount: dict[str, Any]
    technology_amount: dict[str, Any]
    non_technical: NotRequired[list[NonTechnicalItem]]
    reasons: str


class CorrectReport(TypedDict):
    base: dict[str, Any]
    reasons: str
    evidence_sha256: NotRequired[str | None]


class CorrectionOut(TypedDict):
    n: int
    was: dict[str, Any]
    base: dict[str, Any]
    charged: dict[str, Any]
    due_id: str | None
    reasons: str
    evidence_sha256: str | None
    corrected_at: str


class CosignatureOut(TypedDict):
    witness: str
    line: str
    at: str


class CostAsked(TypedDict):
    kind: str
    amount: dict[str, Any]
    evidence: NotRequired[str | None]


class CostOut(TypedDict):
    id: str
    contract_id: str | None
    achievement_id: str | None
    unit_id: str
    kind: str
    amount: dict[str, Any]
    evidence: str
    evidence_sha256: str | None
    incurred_on: str
    due_id: str | None
    distribution_id: str | None
    withdrawn_at: str | None


class Criterion(TypedDict):
    name: str
    weight: str


class CrossingIn(TypedDict):
    """How the technology crosses the border (技术进出口)."""
    direction: Direction
    category: Category
    fiscal_project: NotRequired[str | None]


class DayOut(TypedDict):
    day: str
    statement_id: str
    bank: dict[str, Any]
    incoming: dict[str, Any]
    outgoing: dict[str, Any]
    statement: dict[str, Any]
    others: dict[str, Any]
    own: dict[str, Any]
    closed_at: str


class DayPage(TypedDict):
    items: list[DayOut]
    next_cursor: str | None


DeadlineKind: TypeAlias = "Literal['PAYMENT', 'ROYALTY_REPORT', 'LICENCE_FILING', 'TRIAL_DECISION', 'CURE', 'REGISTRATION_DECISION']"


class DeadlineOut(TypedDict):
    id: str
    contract_id: str
    kind: DeadlineKind
    about: str | None
    organisation_id: str | None
    due_at: str
    last_day: str
    rule_key: str | None
    done_at: str | None
    passed_at: str | None
    number: str | None


class DeadlinePage(TypedDict):
    items: list[DeadlineOut]
    next_cursor: str | None


class DecideAuthority(TypedDict):
    confirm: bool


class DecideHold(TypedDict):
    confirmed: bool


class DecideObjection(TypedDict):
    upheld: bool
    reasons: str
    published_reasons: NotRequired[str | None]


class DecideRegistration(TypedDict):
    number: NotRequired[str | None]
    contract_class: NotRequired[ContractType | None]
    whole_amount: NotRequired[dict[str, Any] | None]
    technology_amount: NotRequired[dict[str, Any] | None]
    non_technical: NotRequired[list[NonTechnicalItem] | None]
    reasons: NotRequired[str | None]


Decision: TypeAlias = "Literal['ACCEPTED', 'RETURNED']"


class Declare(TypedDict):
    """Sign the declaration by its hash, or say that you have an interest and leave the panel."""
    conflicted: NotRequired[bool]
    document_sha256: NotRequired[str | None]


class DeclareAccount(TypedDict):
    account: str
    bank_name: str
    holder_name: str


class DeclareOpenLicence(TypedDict):
    number: str
    fee: dict[str, Any]
    way: str
    valid_until: str
    registration_number: NotRequired[str | None]
    report_sha256: NotRequired[str | None]


class DeliveryOut(TypedDict):
    id: str
    webhook_id: str
    message_id: str
    type: str
    state: DeliveryState
    attempts: int
    next_at: str | None
    created_at: str
    delivered_at: str | None
    body: str | None
    log: list[AttemptOut]


class DeliveryPage(TypedDict):
    items: list[DeliveryOut]
    next_cursor: str | None


DeliveryState: TypeAlias = "Literal['PENDING', 'DELIVERED', 'GIVEN_UP']"


class DemandCure(TypedDict):
    grounds: str
    due_id: NotRequired[str | None]
    evidence_sha256: NotRequired[str | None]


class DemandIn(TypedDict):
    terms: DemandTerms
    tiers: NotRequired[dict[str, Literal['PUBLIC', 'REGISTERED', 'NDA', 'DEAL']]]
    expires_on: NotRequired[str | None]
    hold: NotRequired[bool]
    publish_at: NotRequired[str | None]
    kind: Literal['DEMAND']


class DemandTerms(TypedDict):
    title_zh: NotRequired[str | None]
    title_en: NotRequired[str | None]
    summary_zh: NotRequired[str | None]
    summary_en: NotRequired[str | None]
    description_zh: NotRequired[str | None]
    description_en: NotRequired[str | None]
    keywords: NotRequired[list[str]]
    technology_field: NotRequired[str | None]
    industry: NotRequired[str | None]
    region: NotRequired[str | None]
    contact: NotRequired[str | None]
    technical_details: NotRequired[str | None]
    deal_terms: NotRequired[str | None]
    problem_zh: NotRequired[str | None]
    problem_en: NotRequired[str | None]
    indicators: NotRequired[list[Indicator]]
    budget: NotRequired[dict[str, Any] | None]
    deadline: NotRequired[str | None]
    open_challenge: NotRequired[bool | None]
    challenge: NotRequired[Challenge | None]
    scenario_zh: NotRequired[str | None]
    scenario_en: NotRequired[str | None]
    trl_min: NotRequired[int | None]
    modes: NotRequired[list[ListingsMode] | None]


DepositFrom: TypeAlias = "Literal['REPRESENTATIVE', 'NAMED_MEMBER']"


class DepositOut(TypedDict):
    id: str
    lot_id: str | None
    amount: dict[str, Any]
    outstanding: dict[str, Any]
    state: DepositState
    due_id: str
    reference: str
    return_by: str | None
    cause: ForfeitCause | None
    reasons: str | None


DepositScope: TypeAlias = "Literal['TRADE', 'LOT']"


DepositState: TypeAlias = "Literal['DUE', 'HELD', 'PAID_IN', 'RELEASED', 'FORFEITED']"


class DeputyshipOut(TypedDict):
    id: str
    organisation_id: str
    principal_id: str
    deputy_id: str
    roles: list[Role]
    scopes: list[Scope]
    begins_at: str
    ends_at: str
    appointed_by: str
    revoked_at: str | None


class DeputyshipPage(TypedDict):
    items: list[DeputyshipOut]
    next_cursor: str | None


Direction: TypeAlias = "Literal['IMPORT', 'EXPORT']"


class DisputeShare(TypedDict):
    grounds: str
    evidence_sha256: NotRequired[str | None]


class DistributionCardOut(TypedDict):
    id: str
    contract_id: str | None
    achievement_id: str | None
    mode: RevenueMode
    in_shares: bool
    unit_id: str
    state: DistributionState
    net_income: dict[str, Any]
    reward: dict[str, Any]
    created_at: str


class DistributionOut(TypedDict):
    id: str
    contract_id: str | None
    achievement_id: str | None
    mode: RevenueMode
    in_shares: bool
    share_table_id: str
    unit_id: str
    state: DistributionState
    rule_date: str
    receipts: dict[str, Any]
    costs: dict[str, Any]
    net_income: dict[str, Any]
    reward: dict[str, Any]
    unit_part: dict[str, Any]
    notice_id: str | None
    fund_due_id: str | None
    computation_sha256: str
    created_at: str
    steps: list[dict[str, Any]]
    flags: list[dict[str, Any]]
    terms: list[dict[str, Any]]
    lines: list[LineOut]


class DistributionPage(TypedDict):
    items: list[DistributionCardOut]
    next_cursor: str | None


DistributionState: TypeAlias = "Literal['DRAFT', 'PUBLISHED', 'PAYABLE', 'PAID', 'REVERSED']"


class DocumentGrantIn(TypedDict):
    organisation_id: str
    person_id: NotRequired[str | None]
    until: str
    paper: NotRequired[PaperIn | None]


class DocumentPage(TypedDict):
    items: list[DisclosureDocumentOut]
    next_cursor: str | None


class DossierOut(TypedDict):
    """For the owner and the market: the version and its hash, what was raised, why it was returned."""
    n: int
    sha256: str
    revision: int
    tiers: dict[str, Literal['PUBLIC', 'REGISTERED', 'NDA', 'DEAL']]
    returned_because: str | None
    engaged_by: str | None
    is_held: bool
    publish_at: str | None


class DraftDirectly(TypedDict):
    buyer_id: str
    type: NotRequired[ContractType]
    form: NotRequired[Form | None]
    achievement_ids: NotRequired[list[str]]
    licence_kind: NotRequired[LicenceKind | None]
    scope: NotRequired[ScopeIn]
    entry_fee: NotRequired[dict[str, Any] | None]
    royalty: NotRequired[RoyaltyIn | None]
    plan: NotRequired[list[PlanLineIn]]
    facts: NotRequired[dict[str, Any]]
    crossing: NotRequired[CrossingIn | None]
    trial_months: NotRequired[int | None]
    title_moves: NotRequired[TitleMoves | None]
    state_asset: NotRequired[bool]
    clauses: NotRequired[list[ClauseIn]]
    approval_ids: NotRequired[list[str]]


class DraftDistribution(TypedDict):
    """One of a contract and an achievement; of an achievement the mode is named."""
    contract_id: NotRequired[str | None]
    achievement_id: NotRequired[str | None]
    mode: NotRequired[RevenueMode | None]
    in_shares: NotRequired[bool]
    share_table_id: NotRequired[str | None]


class DraftFromAward(TypedDict):
    award_id: str
    royalty_due_days: NotRequired[int | None]
    milestones: NotRequired[list[MilestoneIn]]
    plan: NotRequired[list[PlanLineIn]]
    trial_months: NotRequired[int | None]
    facts: NotRequired[dict[str, Any]]
    clauses: NotRequired[list[ClauseIn]]


class DraftRework(TypedDict):
    lines: list[NewLineIn]
    reasons: str


class DraftTable(TypedDict):
    contract_id: NotRequired[str | None]
    achievement_id: NotRequired[str | None]
    table: TableIn
    by_unit_rule: NotRequired[bool]
    elects_reward: NotRequired[bool]
    leaders: NotRequired[list[LeaderIn]]
    confirms: NotRequired[list[str]]


class DraftTrade(TypedDict):
    """What is left out is the rulebook's default on today's date. `increment`, `start_price` and the three
    periods are the short form for one lot; else say `lots` and `rules`.
    """
    listing_id: str
    method: NotRequired[Method]
    rules: NotRequired[dict[str, Any] | None]
    lots: NotRequired[list[LotIn] | None]
    deposit: dict[str, Any]
    deposit_scope: NotRequired[DepositScope]
    deposit_forfeited_when: NotRequired[list[ForfeitCause] | None]
    increment: NotRequired[dict[str, Any] | None]
    start_price: NotRequired[dict[str, Any] | None]
    free_seconds: NotRequired[int | None]
    limited_seconds: NotRequired[int | None]
    hard_stop_seconds: NotRequired[int | None]
    bidding_opens_at: NotRequired[str | None]
    extension: NotRequired[ExtensionIn | None]
    participants_min: NotRequired[int]
    final_bid: NotRequired[FinalBidIn | None]
    first_refusal_hours: NotRequired[int | None]
    consortium: NotRequired[ConsortiumTermsIn | None]
    previous_trade_id: NotRequired[str | None]
    valuation: NotRequired[ValuationIn | None]
    consent_sha256: NotRequired[str | None]


class DraftUnitRule(TypedDict):
    title: str
    rates: NotRequired[list[RateOfMode]]
    scale: NotRequired[ScaleIn | None]
    groups: NotRequired[list[WeightOfGroup]]
    effective_from: str
    published_on: str
    place: str
    publication_sha256: str
    heard_on: str
    hearing_sha256: str


class DrawUpApproval(TypedDict):
    kind: NotRequired[ApprovalKind]
    achievement_ids: list[str]
    modes: list[ListingsMode]
    floor: NotRequired[dict[str, Any] | None]
    decided_on: str
    evidence: list[EvidenceFileWire]
    signatories: list[str]


class DueOpinionOut(TypedDict):
    trade_number: str
    title_zh: str
    title_en: str
    participant: ParticipantOut


class DueOpinionPage(TypedDict):
    items: list[DueOpinionOut]
    next_cursor: str | None


class DueOut(TypedDict):
    id: str
    reference: str
    payer_org: str
    payee_org: str | None
    amount: dict[str, Any]
    paid: dict[str, Any]
    outstanding: dict[str, Any]
    fee: dict[str, Any] | None
    due_on: str
    subject: str
    purpose: SettlementPurpose
    state: DueState
    paid_at: str | None
    released_at: str | None
    refund_due_id: str | None


class DuePage(TypedDict):
    items: list[DueOut]
    next_cursor: str | None


DueState: TypeAlias = "Literal['OPEN', 'PAID', 'REFUNDED', 'CANCELLED']"


class DutiesOut(TypedDict):
    held: int
    given: int
    awaited: int
    missed: int


Effect: TypeAlias = "Literal['PAUSES', 'HOLDS_LINES']"


class EffectOut(TypedDict):
    distribution_id: str
    contract_id: str | None
    unit_id: str
    state: DistributionState
    rule_date: str
    reward: dict[str, Any]
    reward_would_be: dict[str, Any] | None
    unit_part: dict[str, Any]
    unit_part_would_be: dict[str, Any] | None
    refused: str | None
    lines_changed: int
    changes: list[RuleChangeOut]


class EffectsOut(TypedDict):
    items: list[EffectOut]
    looked_at: int
    next_cursor: str | None


class ElevationOut(TypedDict):
    id: str
    organisation_id: str
    person_id: str
    person_name: str
    reasons: str
    taken_at: str
    ends_at: str
    ended_at: str | None
    reviewed_by: str | None
    reviewed_at: str | None
    was_justified: bool | None
    finding: str | None


class ElevationPage(TypedDict):
    items: list[ElevationOut]
    next_cursor: str | None


class EndEvent(TypedDict):
    """`event: end`. Every lot has found its end; nothing more will be told."""
    trade_id: str


class EnterIncome(TypedDict):
    """`amount` is money, but for EQUITY the contribution, as a part of the company's registered capital."""
    kind: Entered
    mode: NotRequired[RevenueMode]
    amount: dict[str, Any]
    received_on: str
    year: NotRequired[int | None]
    first_year: NotRequired[int | None]
    registered_capital: NotRequired[dict[str, Any] | None]
    evidence_sha256: str


class EnterWorkDays(TypedDict):
    days: list[WorkDayIn]
    source: str
    declares_year: NotRequired[int | None]


Entered: TypeAlias = "Literal['EQUITY', 'DIVIDEND', 'SHARE_DISPOSAL', 'PROFIT']"


class EntryPage(TypedDict):
    items: list[BankEntryOut]
    next_cursor: str | None


class EntryProofOut(TypedDict):
    entry_id: str
    kind: str
    proof: dict[str, Any] | None
    promise: PromiseOut | None


EntryState: TypeAlias = "Literal['KNOWN', 'OPEN', 'EXPLAINED']"


class EnvelopeReceiptOut(TypedDict):
    lot_id: str
    bidder: int
    envelope_sha256: str
    at: str
    kid: str
    signature: str


class ErasedOut(TypedDict):
    kept: list[KeptOut]


class EvaluationOut(TypedDict):
    id: str
    achievement_id: str
    evaluator: str
    method: str
    evaluated_on: str
    evidence_sha256: str
    findings: list[FindingOut]
    state: EvaluationState
    at: str


class EvaluationPage(TypedDict):
    items: list[EvaluationOut]
    next_cursor: str | None


EvaluationState: TypeAlias = "Literal['STANDING', 'WITHDRAWN']"


Evidence: TypeAlias = "Literal['verified', 'verified_secondary', 'recalled', 'practice', 'design_choice', 'sample']"


class EvidenceFileWire(TypedDict):
    label: EvidenceLabel
    sha256: str


EvidenceLabel: TypeAlias = "Literal['MINUTES', 'PRICING_BASIS', 'DILIGENCE', 'OTHER']"


class EvidenceOut(TypedDict):
    sha256: str
    size: int
    media_type: str
    at: str


class ExerciseFirstRefusal(TypedDict):
    exercise: bool


ExportForm: TypeAlias = "Literal['csv', 'jsonl']"


class ExtensionIn(TypedDict):
    """That the announcement may be extended while a lot has too few qualified participants."""
    n: NotRequired[int | None]
    at_most: NotRequired[int | None]
    automatic: NotRequired[bool]


class FallingWire(TypedDict):
    """A price that falls by the clock. Count on from here: nothing is told at the single steps."""
    price: MoneyWire
    falls_by: MoneyWire
    every_seconds: int
    floor: MoneyWire
    falls_at: str | None


class FeedbackIn(TypedDict):
    verdict: Verdict
    reason: NotRequired[Reason | None]
    note: NotRequired[str | None]


class FeedbackList(TypedDict):
    items: list[FeedbackOut]


class FeedbackOut(TypedDict):
    listing_id: str
    other_id: str
    verdict: Verdict
    reason: Reason | None
    note: str | None
    answer_id: str
    at: str


class FileLicence(TypedDict):
    number: str
    evidence_sha256: str


class FileObjection(TypedDict):
    grounds: str
    lines: NotRequired[list[str] | None]
    evidence: NotRequired[list[str]]


class FileRegistration(TypedDict):
    contract_class: ContractType
    whole_amount: dict[str, Any]
    technology_amount: dict[str, Any]
    non_technical: NotRequired[list[NonTechnicalItem]]
    is_estimate: NotRequired[bool]
    seller_code: NotRequired[str | None]
    buyer_code: NotRequired[str | None]
    seller_place: NotRequired[str | None]
    buyer_place: NotRequired[str | None]


class FileTextOut(TypedDict):
    sha256: str
    text: str


class FiledApprovalOut(TypedDict):
    id: str
    kind: ApprovalKind
    state: ApprovalState
    decided_on: str
    evidence: list[LabelledHashOut]
    document_sha256: str
    in_force_at: str | None
    revoked_at: str | None
    position: int | None


class FiledAwardOut(TypedDict):
    id: str
    lot_id: str
    rank: int
    state: AwardState
    notice_id: str
    offered_at: str | None
    decided_at: str | None
    contract: FiledContractOut | None


class FiledCertificateOut(TypedDict):
    number: str
    state: CertificateState
    since: str
    why: Why | None
    issued_at: str


class FiledConsentOut(TypedDict):
    id: str
    achievement_id: str
    organisation_id: str | None
    organisation: str | None
    is_standing: bool
    state: ConsentState
    document_sha256: str | None
    given_at: str
    position: int | None


class FiledContractOut(TypedDict):
    number: str
    type: ContractType
    state: ContractState
    in_force_at: str | None
    paid: Paid
    registration: RegistrationState | None
    registration_number: str | None
    certificate: FiledCertificateOut | None


class FiledEntryOut(TypedDict):
    at: str
    kind: str
    position: int | None
    entry_id: str | None


class FiledNoticeOut(TypedDict):
    notice: NoticeOut
    versions: list[NoticesVersionOut]
    proof: str


class FiledObjectionOut(TypedDict):
    id: str
    notice_id: str
    carried_from_id: str | None
    state: ObjectionState
    filed_at: str
    acknowledge_by: str | None
    acknowledged_at: str | None
    decide_by: str | None
    is_overdue: bool
    decided_at: str | None
    published_reasons: str | None
    lines: list[str] | None
    by_organisation_id: str | None
    by_organisation: str | None
    grounds: str | None
    evidence: list[str] | None
    reasons: str | None
    receipt: PromiseOut


class FiltersIn(TypedDict):
    kind: NotRequired[ListingKind | None]
    field: NotRequired[str | None]
    industry: NotRequired[str | None]
    region: NotRequired[str | None]
    mode: NotRequired[ListingsMode | None]
    price_min: NotRequired[str | None]
    price_max: NotRequired[str | None]
    trl_min: NotRequired[int | None]
    right_kind: NotRequired[RightKind | None]
    node: NotRequired[str | None]


class FinalBidIn(TypedDict):
    """After the session the leaders may each name one last price, unseen."""
    hours: int
    leaders: NotRequired[int]


class FinalBidList(TypedDict):
    items: list[FinalBidOut]


class FinalBidOut(TypedDict):
    lot_id: str
    bidder: int
    amount: dict[str, Any]
    nonce: str
    commitment: str
    at: str


Finding: TypeAlias = "Literal['TAKEN', 'KNOWN', 'PAYOUT', 'RETURNED', 'UNEXPLAINED']"


class FindingIn(TypedDict):
    value: Value
    score: NotRequired[str | None]
    most: NotRequired[str | None]
    statement: NotRequired[str | None]


class FindingOut(TypedDict):
    value: Value
    score: str | None
    most: str | None
    statement: str | None


class FirstAdministratorIn(TypedDict):
    name: str


class FirstAdministratorOut(TypedDict):
    id: str
    organisation_id: str
    name: str
    expires_at: str
    token: str
    link: str


Fit: TypeAlias = "Literal['MET', 'MISSED', 'UNKNOWN']"


class FloorLineOut(TypedDict):
    trade_id: str
    trade_number: str
    lot_id: str
    n: int
    title_zh: str
    title_en: str
    method: Method
    state: LotState
    step: LotStep | None
    due_at: str | None
    effective_end: str | None
    hard_end: str | None
    pause: TradingPauseOut | None
    leading: dict[str, Any] | None
    leading_bidder: int | None
    entries: int
    bidders_ready: int
    now: str


class FloorPage(TypedDict):
    items: list[FloorLineOut]
    next_cursor: str | None


class FolderGrantIn(TypedDict):
    organisation_id: str
    person_id: NotRequired[str | None]
    until: str
    paper: NotRequired[PaperIn | None]


class FolderIn(TypedDict):
    tier: TierName


class FolderOut(TypedDict):
    folder: str
    tier: TierName


class ForeignImportOut(TypedDict):
    accepted: int
    unchanged: int
    ocids: list[str]


class Forfeit(TypedDict):
    cause: Literal['false_papers', 'breach_of_rules']
    reasons: str


ForfeitCause: TypeAlias = "Literal['withdraws_after_paying', 'nobody_bids', 'refuses_to_sign', 'fails_to_pay', 'false_papers', 'breach_of_rules']"


Form: TypeAlias = "Literal['COMMISSIONED', 'COOPERATIVE', 'PATENT_RIGHT', 'PATENT_APPLICATION', 'TECHNICAL_SECRET', 'SOFTWARE', 'LAYOUT_DESIGN', 'PLANT_VARIETY', 'OTHER_RIGHT']"


class FoundOut(TypedDict):
    listing: ListingOut
    score: str
    terms: list[str]
    highlights: list[HighlightOut]


class FoundPage(TypedDict):
    items: list[FoundOut]
    next_cursor: str | None
    total: int
    facets: dict[str, dict[str, int]] | None
    corrected: dict[str, str]
    left_out: list[str]
    meaning: MeaningOut
    number: str | None
    answer: str | None
    grants_left_out: bool
    model: str


class GiveBack(TypedDict):
    amount: dict[str, Any]
    evidence_sha256: str


class GiveCode(TypedDict):
    code: str


class GiveShare(TypedDict):
    n: int
    share: str


class GrantIn(TypedDict):
    organisation_id: str
    person_id: NotRequired[str | None]
    until: str
    paper: NotRequired[PaperIn | None]
    tier: NotRequired[TierName]


class GrantOut(TypedDict):
    id: str
    subject: str
    folder: str | None
    document_id: str | None
    organisation_id: str
    person_id: str | None
    tier: TierName
    basis: str
    until: str | None
    granted_at: str
    closed_at: str | None
    state: GrantState


class GrantPage(TypedDict):
    items: list[GrantOut]
    next_cursor: str | None


GrantState: TypeAlias = "Literal['OPEN', 'CLOSED']"


class GranteeOut(TypedDict):
    person_id: str
    share: str


class GranteeWire(TypedDict):
    person_id: str
    share: str


Ground: TypeAlias = "Literal['CONDITIONS_NOT_MET', 'PAPERS_INCOMPLETE', 'PAPERS_DOUBTFUL', 'CREDIT_RECORD', 'CONFLICT_OF_INTEREST', 'BARRED_BY_LAW', 'OTHER']"


Group: TypeAlias = "Literal['MAIN', 'STAFF', 'OTHERS']"


class GroupAsked(TypedDict):
    group: Group
    weight: str
    people: NotRequired[list[NamedWeight]]


class GroupIn(TypedDict):
    group: Group
    weight: str
    people: NotRequired[list[PersonWeight]]


class HandOver(TypedDict):
    evidence_sha256: str


class HeirIn(TypedDict):
    name: str
    weight: str
    evidence_sha256: str


class HeirOut(TypedDict):
    name: str
    weight: str
    evidence_sha256: str


class HeirPartOut(TypedDict):
    name: str
    amount: dict[str, Any]


class HighlightOut(TypedDict):
    field: str
    text: str
    spans: list[list[Any]]


class HoldList(TypedDict):
    items: list[HoldOut]


class HoldOut(TypedDict):
    id: str
    share_table_id: str
    person_id: str
    reason: HoldReason
    grounds: str
    evidence_sha256: str | None
    state: HoldState
    opened_at: str
    answer_by: str | None
    confirmed_at: str | None
    release: ReleaseKind | None
    release_evidence_sha256: str | None
    released_at: str | None
    heirs: list[HeirOut]


HoldReason: TypeAlias = "Literal['LEFT', 'DIED', 'UNREACHABLE', 'REFUSES', 'DISPUTES']"


HoldState: TypeAlias = "Literal['PROPOSED', 'HOLDING', 'RELEASING', 'RELEASED', 'REJECTED']"


class ImportJobOut(TypedDict):
    id: str
    organisation_id: str
    kind: ImportKind
    source: str
    state: ImportState
    total: int
    done: int
    percent: int
    accepted: int
    refused: int
    unchanged: int
    refusal: RowRefusalOut | None
    created_at: str
    ended_at: str | None


class ImportJobPage(TypedDict):
    items: list[ImportJobOut]
    next_cursor: str | None


ImportKind: TypeAlias = "Literal['offers', 'demands', 'organisations']"


class ImportOut(TypedDict):
    id: str
    organisation_id: str
    kind: ListingKind
    source: str
    created_at: str
    total: int
    accepted: int
    refused: int
    unchanged: int
    rows: list[RowOut]


ImportState: TypeAlias = "Literal['WAITING', 'RUNNING', 'DONE', 'FAILED', 'CANCELLED']"


class InLanguages(TypedDict):
    zh: str | None
    en: str | None


class InboxOut(TypedDict):
    items: list[NotificationOut]
    next_cursor: str | None
    unread: int


class IncomeOut(TypedDict):
    id: str
    contract_id: str | None
    achievement_id: str | None
    unit_id: str
    due_id: str | None
    mode: RevenueMode
    purpose: str
    amount: dict[str, Any]
    received_on: str
    year: int | None
    registered_capital: dict[str, Any] | None
    evidence_sha256: str | None
    distribution_id: str | None
    withdrawn_at: str | None
    withdrawn_for: str | None


class Indicator(TypedDict):
    name: str
    requirement: str


class Intend(TypedDict):
    operation: str
    method: Literal['POST', 'PUT', 'PATCH', 'DELETE']
    path: str
    body: NotRequired[dict[str, Any] | None]


class IntendedActOut(TypedDict):
    id: str
    organisation_id: str
    operation: str
    method: str
    path: str
    body: dict[str, Any] | None
    state: IntentState
    asked_by: str
    asked_at: str
    expires_at: str
    decided_by: str | None
    decided_at: str | None


class IntendedActPage(TypedDict):
    items: list[IntendedActOut]
    next_cursor: str | None


IntentState: TypeAlias = "Literal['WAITING', 'AGREED', 'REFUSED', 'DONE']"


class InvitationOut(TypedDict):
    id: str
    organisation_id: str
    person_id: str | None
    name: str
    roles: list[Role]
    expires_at: str
    token: str
    link: str


class InvitationPartOut(TypedDict):
    invitation_id: str
    part: int
    token_part: str


class Invite(TypedDict):
    name: str
    roles: list[Role]


InvoiceKind: TypeAlias = "Literal['FEE', 'DEAL']"


class InvoiceOut(TypedDict):
    id: str
    kind: InvoiceKind
    due_id: str
    due_reference: str
    purpose: SettlementPurpose
    subject: str
    seller: InvoicePartyOut
    buyer: InvoicePartyOut
    amount: dict[str, Any]
    tax_rate: str | None
    tax: dict[str, Any] | None
    net: dict[str, Any] | None
    corrects: str | None
    reasons: str | None
    drawn_up_at: str
    number: str | None
    issued_on: str | None


class InvoicePage(TypedDict):
    items: list[InvoiceOut]
    next_cursor: str | None


class InvoicePartyOut(TypedDict):
    org_id: str
    name: str
    uscc: str | None


class IssueInvoice(TypedDict):
    number: str
    issued_on: str


class IssueKey(TypedDict):
    person_id: str
    scopes: list[Scope]
    expires_at: NotRequired[str | None]
    name: NotRequired[str | None]
    current: NotRequired[str | None]


class IssuedKeyOut(TypedDict):
    id: str
    prefix: str
    key: str
    scopes: list[Scope]
    expires_at: str | None


class ItemProofOut(TypedDict):
    leaf_hash: str
    path: list[str] | None
    kid: str
    signature: str


ItemState: TypeAlias = "Literal['SHOWN', 'GONE']"


class Judge(TypedDict):
    accepted: NotRequired[bool]
    grounds: NotRequired[list[Ground]]
    words: NotRequired[str | None]


class KeptOut(TypedDict):
    what: str
    zh: str
    en: str


class KeyOut(TypedDict):
    id: str
    prefix: str
    name: str | None
    person_id: str
    person_name: str
    scopes: list[Scope]
    standing: KeyStanding
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    replaces_id: str | None


class KeyPage(TypedDict):
    items: list[KeyOut]
    next_cursor: str | None


class KeySet(TypedDict):
    keys: list[PublicKey]


KeyStanding: TypeAlias = "Literal['ACTIVE', 'EXPIRED', 'REVOKED']"


Kinship: TypeAlias = "Literal['DECLARED', 'SHARED_PERSON', 'COMPLETER_BELONGS', 'UNSTATED']"


class LabelledHashOut(TypedDict):
    label: str
    sha256: str


class LeaderIn(TypedDict):
    person_id: str
    post: Post


class LeafOut(TypedDict):
    position: int
    leaf_hash: str


class LeafPage(TypedDict):
    items: list[LeafOut]
    next_cursor: str | None


class LengthIn(TypedDict):
    n: int
    unit: Literal['days', 'working_days', 'months']


LengtheningCause: TypeAlias = "Literal['EXTENSION', 'RESUMPTION']"


class LengtheningOut(TypedDict):
    cause: LengtheningCause
    n: int
    at: str


LicenceKind: TypeAlias = "Literal['EXCLUSIVE', 'SOLE', 'ORDINARY']"


LineKind: TypeAlias = "Literal['LUMP', 'INSTALMENT', 'ENTRY_FEE', 'MILESTONE', 'ROYALTY', 'EQUITY']"


class LineOut(TypedDict):
    id: str
    n: int
    group: Group
    position: int
    person_id: str | None
    amount: dict[str, Any]
    wage_base: dict[str, Any] | None
    state: RevenueLineState
    payout_id: str | None
    offset: dict[str, Any]
    rework_id: str | None
    hold_id: str | None
    heirs: list[HeirPartOut]


LineStateInput: TypeAlias = "Literal['UNMATCHED', 'MATCHED', 'RETURNED', 'VOIDED']"


ListingKind: TypeAlias = "Literal['OFFER', 'DEMAND']"


class ListingOut(TypedDict):
    id: str
    kind: ListingKind
    state: ListingState
    organisation_id: str
    published_at: str | None
    expires_on: str | None
    reach: Literal['PUBLIC', 'REGISTERED', 'NDA', 'DEAL']
    terms: TermsOut
    achievement_ids: list[str]
    dossier: DossierOut | None


class ListingPage(TypedDict):
    items: list[ListingOut]
    next_cursor: str | None


ListingState: TypeAlias = "Literal['DRAFT', 'SUBMITTED', 'RETURNED', 'ACCEPTED', 'PUBLISHED', 'ENGAGED', 'CLOSED', 'EXPIRED', 'WITHDRAWN']"


class LogList(TypedDict):
    items: list[LogOut]


class LogOut(TypedDict):
    log_id: str
    origin: str
    opened_at: str
    previous_log_id: str | None
    previous_size: int | None


class LotIn(TypedDict):
    """One lot. Without a title it has the listing's; a single lot without a price starts at the listing's own."""
    title_zh: NotRequired[str | None]
    title_en: NotRequired[str | None]
    achievement_ids: NotRequired[list[str] | None]
    start_price: NotRequired[dict[str, Any] | None]
    increment: NotRequired[dict[str, Any] | None]
    floor: NotRequired[dict[str, Any] | None]
    reserve_digest: NotRequired[str | None]


class LotOut(TypedDict):
    id: str
    trade_id: str
    n: int
    title_zh: str
    title_en: str
    achievement_ids: list[str] | None
    method: Method
    state: LotState
    start_price: dict[str, Any] | None
    increment: dict[str, Any] | None
    floor: dict[str, Any] | None
    step_seconds: int | None
    leading: dict[str, Any] | None
    leading_bidder: int | None
    least_next_bid: dict[str, Any] | None
    price_falls_at: str | None
    seq: int
    chain: str
    opened_at: str | None
    free_ends_at: str | None
    effective_end: str | None
    hard_end: str | None
    pause: TradingPauseOut | None
    closed_at: str | None
    step: LotStep | None
    step_due_at: str | None
    reserve_digest: str | None
    reserve: dict[str, Any] | None
    reserve_salt: str | None
    now: str


class LotStageOut(TypedDict):
    lot_id: str
    stage: Stage


LotState: TypeAlias = "Literal['WAITING', 'OPEN', 'PAUSED', 'EVALUATING', 'AWARDED', 'CONCLUDED', 'UNSOLD', 'TERMINATED']"


LotStep: TypeAlias = "Literal['OPENING', 'SCORES', 'RESERVE', 'FINAL_BID', 'FIRST_REFUSAL', 'CALENDAR']"


class MailAddressIn(TypedDict):
    address: str
    language: Literal['zh-CN', 'en']


class MailAddressOut(TypedDict):
    address: str
    language: str
    is_confirmed: bool
    is_refused: bool


class MailCodeIn(TypedDict):
    code: str


class MakeOffer(TypedDict):
    """A price that binds you until `valid_until`, and no longer than the talks last."""
    price: dict[str, Any]
    valid_until: str
    participant_id: NotRequired[str | None]
    conditions: NotRequired[str | None]


class MandateOut(TypedDict):
    principal_organisation_id: str
    document_sha256: str
    document: dict[str, Any]
    signed_at: str | None


Manner: TypeAlias = "Literal['MAKE', 'USE', 'OFFER_FOR_SALE', 'SELL', 'IMPORT', 'COPY', 'DISTRIBUTE', 'MODIFY']"


class MappingIn(TypedDict):
    columns: dict[str, str | None]


class MappingOut(TypedDict):
    source: str
    kind: ImportKind
    columns: dict[str, str | None]
    changed_at: str


Mark: TypeAlias = "Literal['READ', 'UNREAD', 'ARCHIVED']"


class MarkIn(TypedDict):
    number: int
    criterion: str
    points: str
    reason: NotRequired[str | None]


class MarketChange(TypedDict):
    """A change as messages and the feed tell it; how the thing looks is read at its own address."""
    id: str
    refs: list[str]
    facts: dict[str, Any]
    cursor: str


class MatchOut(TypedDict):
    listing: ListingOut
    score: str
    words: str
    meaning: str | None
    terms: list[MatchingTermOut]
    constraints: dict[str, Fit]
    shared: list[str]


class MatchPage(TypedDict):
    items: list[MatchOut]
    next_cursor: str | None
    total: int
    meaning: MeaningOut
    reranker: str | None
    answer: str | None
    grants_left_out: bool
    model: str


class MeaningOut(TypedDict):
    state: Literal['NONE', 'USED', 'FILLING'] | Trouble
    model: str | None


class MemberIn(TypedDict):
    organisation_id: str
    part: str


class MemberPage(TypedDict):
    items: list[PeopleMemberOut]
    next_cursor: str | None


Method: TypeAlias = "Literal['FIXED_PRICE', 'NEGOTIATION', 'ONLINE_BIDDING', 'SEALED', 'DESCENDING', 'SCORED', 'SELECTION']"


class Milestone(TypedDict):
    name: str
    due_on: NotRequired[str | None]


class MilestoneIn(TypedDict):
    title: str
    amount: dict[str, Any]


class MoneyActOut(TypedDict):
    id: str
    act: Act
    subject: str
    content: dict[str, Any]
    amount: dict[str, Any]
    state: ActState
    asked_by: str
    asked_at: str
    decided_by: str | None
    decided_at: str | None
    reasons: str | None


class MoneyActPage(TypedDict):
    items: list[MoneyActOut]
    next_cursor: str | None


class MoneyWire(TypedDict):
    amount: str
    currency: str


class MoveClock(TypedDict):
    now: str


class NamedWeight(TypedDict):
    """In a dry run people need no account: any name for them will do."""
    name: str
    weight: str


class NdaOut(TypedDict):
    """`promise` is the market's sealed word, given at the signature, that the log will hold it."""
    id: str
    nda_text_id: str
    text_sha256: str
    version: int
    subject: str
    owner_organisation_id: str
    organisation_id: str
    signing_id: str
    state: NdaState
    is_running: bool
    signed_at: str
    in_force_at: str | None
    until: str | None
    ended_at: str | None
    reason: str | None
    promise: dict[str, str] | None


class NdaPage(TypedDict):
    items: list[NdaOut]
    next_cursor: str | None


NdaState: TypeAlias = "Literal['SIGNED', 'IN_FORCE', 'DECLINED', 'REPLACED', 'REVOKED']"


class NdaTerms(TypedDict):
    """What there is to sign, and what your organisation signed last."""
    text: NdaTextOut | None
    mine: NdaOut | None


class NdaTextIn(TypedDict):
    """What others sign; it may be in Chinese, in English or in both."""
    title: str
    body: str
    valid_days: int
    counter_signature: NotRequired[bool]
    binds_from: NotRequired[str | None]


class NdaTextList(TypedDict):
    items: list[NdaTextOut]


class NdaTextOut(TypedDict):
    id: str
    organisation_id: str
    subject: str | None
    version: int
    text_sha256: str
    text: dict[str, str]
    valid_days: int
    counter_signature: bool
    published_at: str
    binds_from: str | None


class NewLineIn(TypedDict):
    group: Group
    person_id: NotRequired[str | None]
    amount: dict[str, Any]


class NodeIn(TypedDict):
    organisation_id: str
    code: str
    regions: NotRequired[list[str]]


class NodeList(TypedDict):
    items: list[NodeOut]


class NodeOut(TypedDict):
    id: str
    code: str
    name: str
    name_en: str | None
    regions: list[str]
    created_at: str
    ended_at: str | None


class NodePayoutOut(TypedDict):
    payout_id: str
    amount: dict[str, Any]


class NodeStatementOut(TypedDict):
    node_id: str
    owed: dict[str, Any]
    items: list[ShareOut]
    next_cursor: str | None


class NonTechnicalItem(TypedDict):
    title: str
    amount: dict[str, Any]


NoticeKind: TypeAlias = "Literal['ANNOUNCEMENT', 'PRICE', 'RESULT', 'GRANT', 'REWARD_LIST']"


class NoticeLineOut(TypedDict):
    id: str
    kind: NoticeKind
    subject: str
    organisation_id: str
    version: int
    document_sha256: str
    places: list[Place]
    effect: Effect
    state: NoticeState
    rule_date: str
    length_n: int
    length_unit: Unit
    extension_n: int | None
    extensions_at_most: int | None
    extensions_used: int
    created_at: str
    started_at: str | None
    ends_at: str | None
    ended_at: str | None
    remaining_days: int | None
    open_objections: int
    is_suspended: bool
    replaces_id: str | None


class NoticeOut(TypedDict):
    id: str
    kind: NoticeKind
    subject: str
    organisation_id: str
    version: int
    document_sha256: str
    places: list[Place]
    effect: Effect
    state: NoticeState
    rule_date: str
    length_n: int
    length_unit: Unit
    extension_n: int | None
    extensions_at_most: int | None
    extensions_used: int
    created_at: str
    started_at: str | None
    ends_at: str | None
    ended_at: str | None
    remaining_days: int | None
    open_objections: int
    is_suspended: bool
    replaces_id: str | None
    document: dict[str, Any]
    replaced_by_id: str | None
    postings: list[PostingOut]
    pauses: list[NoticesPauseOut]
    lengthenings: list[LengtheningOut]
    objections: list[ObjectionOut]
    allowance: AllowanceOut | None


class NoticePage(TypedDict):
    items: list[NoticeLineOut]
    next_cursor: str | None


class NoticeProofOut(TypedDict):
    notice_id: str
    texts: list[TextOut]
    entries: list[EntryProofOut]


NoticeState: TypeAlias = "Literal['PREPARED', 'RUNNING', 'PAUSED', 'CLEARED', 'UPHELD', 'REPLACED', 'WITHDRAWN']"


class NoticeWords(TypedDict):
    """What stands there instead, in the form it has now: a text for a text, as many for several. What is left
    out stays.
    """
    name: NotRequired[str | list[str | None] | InLanguages | None]
    abstract: NotRequired[str | list[str | None] | InLanguages | None]
    title_zh: NotRequired[str | None]
    title_en: NotRequired[str | None]
    related_party: NotRequired[Literal[True] | None]
    note_zh: NotRequired[str | None]
    note_en: NotRequired[str | None]


class NotificationKindOut(TypedDict):
    kind: str
    title_zh: str
    title_en: str


class NotificationMarkIn(TypedDict):
    mark: Mark
    ids: NotRequired[list[str] | None]
    until: NotRequired[str | None]


class NotificationOut(TypedDict):
    id: str
    kind: str
    title_zh: str
    title_en: str
    object: str | None
    work: str | None
    at: str
    due: str | None
    read_at: str | None
    archived_at: str | None


class NotificationPreferencesIn(TypedDict):
    preferences: dict[str, Any]


class NotificationPreferencesOut(TypedDict):
    preferences: dict[str, WorkbenchDelivery]
    defaults: dict[str, WorkbenchDelivery]
    kinds: list[NotificationKindOut]


class NotificationsMarkedOut(TypedDict):
    changed: int


class ObjectToAdministrator(TypedDict):
    reasons: str


class ObjectionOut(TypedDict):
    id: str
    notice_id: str
    carried_from_id: str | None
    state: ObjectionState
    filed_at: str
    acknowledge_by: str | None
    acknowledged_at: str | None
    decide_by: str | None
    is_overdue: bool
    decided_at: str | None
    published_reasons: str | None
    lines: list[str] | None
    by_organisation_id: str | None
    by_organisation: str | None
    grounds: str | None
    evidence: list[str] | None
    reasons: str | None


class ObjectionPage(TypedDict):
    items: list[ObjectionOut]
    next_cursor: str | None


ObjectionState: TypeAlias = "Literal['FILED', 'UPHELD', 'DISMISSED', 'WITHDRAWN', 'LAPSED']"


class OfferIn(TypedDict):
    terms: OfferTerms
    tiers: NotRequired[dict[str, Literal['PUBLIC', 'REGISTERED', 'NDA', 'DEAL']]]
    expires_on: NotRequired[str | None]
    hold: NotRequired[bool]
    publish_at: NotRequired[str | None]
    kind: Literal['OFFER']
    achievement_ids: NotRequired[list[str]]


class OfferList(TypedDict):
    items: list[OfferOut]


class OfferOut(TypedDict):
    id: str
    lot_id: str
    participant_id: str
    n: int
    organisation_id: str
    by_seller: bool
    price: dict[str, Any]
    document_sha256: str
    document: dict[str, Any]
    state: OfferState
    is_standing: bool
    made_at: str
    valid_until: str
    answered_at: str | None
    signing_id: str


OfferState: TypeAlias = "Literal['OPEN', 'COUNTERED', 'DECLINED', 'ACCEPTED']"


class OfferTerms(TypedDict):
    title_zh: NotRequired[str | None]
    title_en: NotRequired[str | None]
    summary_zh: NotRequired[str | None]
    summary_en: NotRequired[str | None]
    description_zh: NotRequired[str | None]
    description_en: NotRequired[str | None]
    keywords: NotRequired[list[str]]
    technology_field: NotRequired[str | None]
    industry: NotRequired[str | None]
    region: NotRequired[str | None]
    contact: NotRequired[str | None]
    technical_details: NotRequired[str | None]
    deal_terms: NotRequired[str | None]
    ipc: NotRequired[list[str]]
    trl: NotRequired[int | None]
    mode: NotRequired[ListingsMode | None]
    licence_kind: NotRequired[LicenceKind | None]
    scope: NotRequired[ScopeWire | None]
    price_form: NotRequired[PriceForm | None]
    price: NotRequired[dict[str, Any] | None]
    royalty_rate: NotRequired[str | None]
    royalty_base: NotRequired[str | None]
    royalty_minimum: NotRequired[dict[str, Any] | None]
    royalty_cap: NotRequired[dict[str, Any] | None]
    price_parts: NotRequired[list[PricePart] | None]
    equity_share: NotRequired[str | None]
    trial_days: NotRequired[int | None]
    approval_ids: NotRequired[list[str]]


class OfficerIn(TypedDict):
    """Who will hold a share, and the hash the share is known by."""
    person_id: str
    organisation_id: str
    share_sha256: str


class OfficerOut(TypedDict):
    n: int
    organisation_id: str
    share_sha256: str
    given_at: str | None


class OpenSigning(TypedDict):
    document_sha256: str
    related_party: NotRequired[bool]


class OpenVestingSigning(TypedDict):
    income_split: str
    decision_making: str
    cost_sharing: str
    upkeep: str


class OpenedEnvelopeOut(TypedDict):
    bidder: int
    drawn: int
    verdict: str
    copied_from: int | None
    amount: dict[str, Any] | None
    content: dict[str, Any] | None
    nonce: str | None
    commitment: str | None
    envelope: str | None
    envelope_sha256: str


class OpeningOfficerOut(TypedDict):
    person_id: str
    name: str
    organisation_ids: list[str]
    is_listed: bool
    duties: DutiesOut


class OpeningOfficerPage(TypedDict):
    items: list[OpeningOfficerOut]
    next_cursor: str | None


class OpeningOut(TypedDict):
    lot_id: str
    opened_at: str
    public_key: str
    private_key: str | None
    terms_sha256: str
    slots_sha256: str
    envelopes: list[OpenedEnvelopeOut]


class OpeningPart(TypedDict):
    log_id: str
    previous_log_id: str
    previous_size: int
    kid: str
    signature: str


OpinionBy: TypeAlias = "Literal['OPERATOR', 'SELLER']"


class OpinionOut(TypedDict):
    by: OpinionBy
    accepted: bool
    grounds: list[Ground]
    words: str | None
    document_sha256: str
    by_the_clock: bool
    at: str


OrderedState: TypeAlias = "Literal['INTENDED', 'SENT', 'SIGNED', 'DECLINED', 'FAILED']"


OrgKind: TypeAlias = "Literal['UNIVERSITY', 'INSTITUTE', 'ENTERPRISE', 'AGENCY', 'MARKET', 'BANK', 'AUTHORITY']"


OrgState: TypeAlias = "Literal['REGISTERED', 'VERIFIED', 'SUSPENDED']"


class OrganisationOut(TypedDict):
    id: str
    kind: OrgKind
    name: str
    name_en: str | None
    uscc: str | None
    region: str | None
    state: OrgState
    government_established: bool
    applies_local_rules: bool
    warnings: list[str]
    node_id: str | None


class OrganisationPage(TypedDict):
    items: list[OrganisationOut]
    next_cursor: str | None


Origin: TypeAlias = "Literal['MARKET', 'PAPER', 'ELSEWHERE']"


class OriginOut(TypedDict):
    source_id: str
    source: str
    listing_id: str
    proof: dict[str, Any]


OutcomeInput: TypeAlias = "Literal['accepted', 'refused', 'unchanged']"


OutcomeOutput: TypeAlias = "Literal['MATCHED', 'UNKNOWN_REFERENCE', 'NOT_OPEN', 'SHORT', 'OVER', 'PAYER_DIFFERS']"


class OutsideIdentitiesOut(TypedDict):
    items: list[OutsideIdentityOut]


class OutsideIdentityOut(TypedDict):
    id: str
    provider: str
    issuer: str
    linked_at: str


class OwnerIn(TypedDict):
    organisation_id: NotRequired[str | None]
    person_id: NotRequired[str | None]
    share: str


class OwnerOut(TypedDict):
    organisation_id: str | None
    person_id: str | None
    share: str
    has_consented: bool


Paid: TypeAlias = "Literal['NOTHING', 'SOME', 'ALL']"


class PanelOut(TypedDict):
    lot_id: str
    needed: int
    criteria: list[str]
    seats: list[PanelSeatOut]
    declaration: dict[str, Any] | None
    declaration_sha256: str | None


class PanelSeatOut(TypedDict):
    n: int
    state: PanelSeatState
    person_id: str | None
    organisation_id: str | None
    sheet_given: bool


PanelSeatState: TypeAlias = "Literal['APPOINTED', 'SEATED', 'RECUSED']"


class PaperIn(TypedDict):
    """An agreement on paper: its scan in this room. You attest by your act that it is genuine."""
    document_id: str
    signed_on: str
    attested: Literal[True]


class ParticipantList(TypedDict):
    items: list[ParticipantOut]


class ParticipantOut(TypedDict):
    id: str
    trade_id: str
    organisation_id: str
    number: int
    mandate: MandateOut | None
    consortium: ConsortiumOut | None
    related: bool
    related_because: list[Kinship]
    state: ParticipantState
    waits_for: OpinionBy | None
    due_at: str | None
    opinions: list[OpinionOut]
    payer_account: str | None
    seats: list[SeatOut]
    deposits: list[DepositOut]
    first_refusals: list[ParticipantsClaimOut]


ParticipantState: TypeAlias = "Literal['REGISTERED', 'ADMITTED', 'QUALIFIED', 'REJECTED', 'WITHDRAWN']"


class PartyOut(TypedDict):
    role: PartyRole
    organisation_id: str
    name: str


PartyRole: TypeAlias = "Literal['PAYER', 'PAYEE']"


class PartyStatementOut(TypedDict):
    org_id: str
    accounts: int
    first_day: str
    last_day: str
    opening: dict[str, Any]
    came_in: dict[str, Any]
    went_out: dict[str, Any]
    closing: dict[str, Any]
    items: list[StatementLineOut]
    next_cursor: str | None


class PastReviewOut(TypedDict):
    n: int
    decision: Decision
    reasons: list[ReturnReason]
    reason: str | None
    at: str


class PastReviews(TypedDict):
    items: list[PastReviewOut]


PauseCauseInput: TypeAlias = "Literal['SYSTEM_FAULT', 'NETWORK_FAULT', 'FORCE_MAJEURE', 'RIGHTS_IN_DISPUTE', 'OBJECTION', 'AUTHORITY_ORDER', 'SUSPECTED_COLLUSION', 'OTHER']"


class PauseLot(TypedDict):
    cause: PauseCauseInput
    reason: str
    resumes_at: NotRequired[str | None]


class PauseWire(TypedDict):
    cause: str
    reason: str | None
    resumes_at: str | None


class PayoutOut(TypedDict):
    id: str
    org_id: str | None
    amount: dict[str, Any]
    channel: Channel
    state: PayoutState
    why: str
    to_account: str | None
    to_name: str | None
    bank_reference: str | None
    instructed_at: str
    settled_at: str | None


class PayoutPage(TypedDict):
    items: list[PayoutOut]
    next_cursor: str | None


PayoutState: TypeAlias = "Literal['INSTRUCTED', 'SENT', 'CONFIRMED', 'FAILED']"


class PeoplePageOut(TypedDict):
    items: list[PersonMatchOut]
    next_cursor: str | None
    total: int
    meaning: MeaningOut
    model: str
    answer: str | None


class PersonAddedOut(TypedDict):
    person: PersonOut
    key: IssuedKeyOut


class PersonMatchOut(TypedDict):
    profile: ProfileOut
    name: str
    qualifications: list[QualifiedAs]
    score: str
    words: str
    meaning: str | None
    terms: list[MatchingTermOut]


class PersonOut(TypedDict):
    id: str
    name: str
    organisation_id: str
    roles: list[Role]


class PersonWeight(TypedDict):
    person_id: str
    weight: str


class PersonalDataOut(TypedDict):
    person_id: str
    name: str
    created_at: str
    held: dict[str, list[dict[str, Any]]]


Place: TypeAlias = "Literal['MARKET', 'UNIT', 'ELSEWHERE']"


class PlaceBid(TypedDict):
    """A bid names its amount and nothing else."""
    amount: dict[str, Any]


class PlanLineIn(TypedDict):
    """One part of the price. Without a period or a day, it is due within the market's period of payment."""
    kind: LineKind
    title: NotRequired[str | None]
    amount: NotRequired[dict[str, Any] | None]
    within: NotRequired[LengthIn | None]
    due_on: NotRequired[str | None]
    royalty: NotRequired[RoyaltyPlanIn | None]
    share: NotRequired[str | None]
    secured_by: NotRequired[str | None]
    interest_daily: NotRequired[str | None]


class PlanLineOut(TypedDict):
    id: str
    n: int
    kind: LineKind
    title: str | None
    state: ContractsLineState
    amount: dict[str, Any] | None
    credited: dict[str, Any]
    rate: str | None
    base: str | None
    due_id: str | None
    due_on: str | None
    terms: dict[str, Any] | None
    version: int
    valid_from: str | None
    valid_until: str | None
    accepted_sha256: str | None


PlanSource: TypeAlias = "Literal['NATIONAL', 'MINISTRY', 'PROVINCE', 'CITY_COUNTY', 'OUTSIDE']"


class PledgeeConsent(TypedDict):
    evidence_sha256: str


Post: TypeAlias = "Literal['TOP', 'OTHER']"


class PostedNoticeOut(TypedDict):
    id: str
    kind: NoticeKind
    subject: str
    organisation_id: str
    version: int
    document_sha256: str
    places: list[Place]
    effect: Effect
    state: NoticeState
    rule_date: str
    length_n: int
    length_unit: Unit
    extension_n: int | None
    extensions_at_most: int | None
    extensions_used: int
    created_at: str
    started_at: str | None
    ends_at: str | None
    ended_at: str | None
    remaining_days: int | None
    open_objections: int
    is_suspended: bool
    replaces_id: str | None
    document: dict[str, Any]
    replaced_by_id: str | None
    postings: list[PostingOut]
    pauses: list[NoticesPauseOut]
    lengthenings: list[LengtheningOut]
    objections: list[ObjectionOut]
    allowance: AllowanceOut | None
    receipt: PromiseOut


class PostingOut(TypedDict):
    place: Place
    version: int
    at: str
    url: str | None
    evidence_sha256: str | None
    shows_others: int


class PreconditionOut(TypedDict):
    code: str
    holds: bool
    refusal: str | None
    facts: dict[str, Any]


class PreconditionsOut(TypedDict):
    all_hold: bool
    items: list[PreconditionOut]


class PriceEvent(TypedDict):
    """`event: price`. A bid that led. `effective_end` and `state` are the lot's as it stands now."""
    lot_id: str
    n: int
    now: str
    seq: int
    after: int
    leading: MoneyWire
    leading_bidder: int
    at: str
    least_next_bid: MoneyWire | None
    effective_end: str | None
    state: LotState


PriceForm: TypeAlias = "Literal['FIXED', 'FLOOR', 'NEGOTIABLE', 'ROYALTY', 'MIXED']"


class PricePart(TypedDict):
    """What one achievement of a bundle is worth in its price."""
    achievement_id: str
    price: dict[str, Any]


class Problem(TypedDict):
    """RFC 9457. Facts of the refusal stand beside these members."""
    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str
    request_id: str
    pointer: NotRequired[str]
    retry_after: NotRequired[int]
    errors: NotRequired[list[dict[str, Any]]]


class ProfileIn(TypedDict):
    is_listed: bool
    statement_zh: NotRequired[str | None]
    statement_en: NotRequired[str | None]
    keywords: NotRequired[list[str]]
    region: NotRequired[str | None]


class ProfileOut(TypedDict):
    person_id: str
    is_listed: bool
    statement_zh: str | None
    statement_en: str | None
    keywords: list[str]
    region: str | None


class ProjectFileOut(TypedDict):
    stage: Stage
    trade: TradeOut
    listing: ListingOut | None
    lots: list[LotStageOut]
    acts: list[ActOut]
    notices: list[FiledNoticeOut]
    awards: list[FiledAwardOut]
    approvals: list[FiledApprovalOut]
    consents: list[FiledConsentOut]
    entries: list[FiledEntryOut]
    log_size: int | None
    proof: str


class ProjectProofOut(TypedDict):
    trade_id: str
    texts: list[FileTextOut]
    entries: list[EntryProofOut]


class PromiseOut(TypedDict):
    """The market's signed word that its log will hold this entry; the proof follows with the next checkpoint."""
    entry_id: str
    leaf_hash: str
    log_id: str
    row: str
    salt: str
    kid: str
    signature: str


class ProofOut(TypedDict):
    log_id: str
    entry_id: str
    position: int
    row: str
    salt: str
    path: list[str]
    checkpoint: str
    kid: str


class ProposalList(TypedDict):
    items: list[PanelsProposalOut]


class ProposalPage(TypedDict):
    items: list[RulebookProposalOut]
    next_cursor: str | None


ProposalState: TypeAlias = "Literal['WAITING', 'CONFIRMED', 'REFUSED']"


class ProposeAdministrator(TypedDict):
    name: str
    reasons: str
    evidence_sha256: str


class ProposeChange(TypedDict):
    """Other terms, or the end by agreement. What is left out stays as it is."""
    kind: ChangeKind
    effective_on: str
    reasons: str
    clauses: NotRequired[list[ClauseIn] | None]
    plan: NotRequired[list[PlanLineIn] | None]
    facts: NotRequired[dict[str, Any]]


class ProposeHold(TypedDict):
    person_id: str
    reason: HoldReason
    grounds: str
    evidence_sha256: str


class ProposeRelease(TypedDict):
    kind: ReleaseKind
    evidence_sha256: str
    heirs: NotRequired[list[HeirIn]]


class ProviderOut(TypedDict):
    name: str
    title: str


class ProvidersOut(TypedDict):
    items: list[ProviderOut]


class PublicKey(TypedDict):
    kty: str
    crv: str
    alg: str
    use: str
    kid: str
    x: str
    use_here: str
    since: str | None
    until: str | None


class PublishDistribution(TypedDict):
    posted_sha256: NotRequired[str | None]


PurposeInput: TypeAlias = "Literal['BANK', 'ESCROW', 'DEPOSITS', 'FEES', 'SUSPENSE', 'EXPENSE', 'PAYABLE', 'RECEIVABLE']"


class PutEnvelope(TypedDict):
    envelope: str


class PutFinalBid(TypedDict):
    amount: dict[str, Any]


class QualificationOut(TypedDict):
    id: str
    person_id: str
    kind: str
    level: str
    valid_until: str | None


class QualifiedAs(TypedDict):
    kind: str
    level: str
    valid_until: str | None


class Qualify(TypedDict):
    """`kind` is `EXPERT` (专家) for members of panels, `TECHNOLOGY_MANAGER` (技术经理人) for brokers, `OPENING_OFFICER`
    (开标人员) for those whom the market asks to hold a share of a sealed lot's key.
    """
    kind: Literal['EXPERT', 'TECHNOLOGY_MANAGER', 'OPENING_OFFICER']
    level: NotRequired[str]
    valid_until: NotRequired[str | None]


class QuestionOut(TypedDict):
    id: str
    subject: str
    text: str
    asked_at: str
    state: QuestionState
    tier: TierName
    answer: str | None
    answered_at: str | None
    is_mine: bool


class QuestionPage(TypedDict):
    items: list[QuestionOut]
    next_cursor: str | None


QuestionState: TypeAlias = "Literal['ASKED', 'ANSWERED']"


class QueueLineOut(TypedDict):
    listing: ListingOut
    submitted_at: str
    changed: list[str]
    returned_times: int


class QueuePage(TypedDict):
    items: list[QueueLineOut]
    next_cursor: str | None


class QuotaIn(TypedDict):
    shown_max: int


class RateOfMode(TypedDict):
    mode: RevenueMode
    rate: str


ReadOutcome: TypeAlias = "Literal['READ', 'REFUSED']"


Reason: TypeAlias = "Literal['OTHER_FIELD', 'OTHER_PROBLEM', 'TOO_DEAR', 'NOT_MATURE', 'WRONG_MODE', 'KNOWN_ALREADY', 'OTHER']"


class ReasonIn(TypedDict):
    reason: str


class ReceiptAsked(TypedDict):
    amount: dict[str, Any]
    received_on: str
    purpose: NotRequired[str]


class ReceiptOut(TypedDict):
    lot: str
    seq: int
    at: str
    bidder: int
    amount: MoneyWire
    verdict: str
    chain: str
    batch: BatchOut
    kid: str
    signature: str


Receiver: TypeAlias = "Literal['inventors', 'department', 'laboratory']"


class RecordAuthority(TypedDict):
    person_id: str
    kind: AuthorityKind
    evidence_sha256: str
    valid_from: str
    valid_until: NotRequired[str | None]


class RecordBurden(TypedDict):
    kind: Literal['LICENCE_EXCLUSIVE', 'LICENCE_SOLE', 'LICENCE_ORDINARY', 'PLEDGE', 'SEIZURE']
    holder: str
    territory: NotRequired[str]
    field: NotRequired[str]
    manner: NotRequired[str]
    valid_from: str
    valid_until: NotRequired[str | None]
    registration_number: NotRequired[str | None]
    evidence_sha256: NotRequired[str | None]
    holder_organisation_id: NotRequired[str | None]


class RecordClearance(TypedDict):
    kind: ClearanceKind
    number: str
    issued_by: str
    issued_on: str
    evidence_sha256: str


class RecordElsewhere(TypedDict):
    """A contract that was signed elsewhere, as it was agreed there."""
    buyer_id: str
    type: NotRequired[ContractType]
    form: NotRequired[Form | None]
    achievement_ids: NotRequired[list[str]]
    licence_kind: NotRequired[LicenceKind | None]
    scope: NotRequired[ScopeIn]
    entry_fee: NotRequired[dict[str, Any] | None]
    royalty: NotRequired[RoyaltyIn | None]
    plan: NotRequired[list[PlanLineIn]]
    facts: NotRequired[dict[str, Any]]
    crossing: NotRequired[CrossingIn | None]
    trial_months: NotRequired[int | None]
    title_moves: NotRequired[TitleMoves | None]
    state_asset: NotRequired[bool]
    clauses: NotRequired[list[ClauseIn]]
    approval_ids: NotRequired[list[str]]
    origin: Literal['PAPER', 'ELSEWHERE']
    signed_on: str
    scan_sha256: str
    paid_sha256: NotRequired[str | None]
    related_party: NotRequired[bool]


class RecordEvaluation(TypedDict):
    evaluator: str
    method: str
    evaluated_on: str
    evidence_sha256: str
    findings: list[FindingIn]


class RecoveryCodesOut(TypedDict):
    recovery_codes: list[str]


class RecoveryOut(TypedDict):
    id: str
    organisation_id: str
    name: str
    reasons: str
    evidence_sha256: str
    state: RecoveryState
    proposed_by: str
    proposed_at: str
    agreed_by: str | None
    agreed_at: str | None
    objection_until: str | None
    objected_by: str | None
    objected_at: str | None
    objection: str | None
    invitation_id: str | None


class RecoveryPage(TypedDict):
    items: list[RecoveryOut]
    next_cursor: str | None


RecoveryState: TypeAlias = "Literal['PROPOSED', 'WAITING', 'OBJECTED', 'WITHDRAWN', 'INVITED']"


class Refund(TypedDict):
    reasons: str


class RefuseAct(TypedDict):
    reasons: str


class RefuseAttestation(TypedDict):
    reasons: str


class RefuseProposal(TypedDict):
    reasons: str


class RefuseRecord(TypedDict):
    reasons: str


class RefuseVesting(TypedDict):
    reason: str


class RefusedOut(TypedDict):
    code: str
    zh: str
    en: str


class RegionsIn(TypedDict):
    regions: list[str]


class Register(TypedDict):
    kind: OrgKind
    name: str
    name_en: NotRequired[str | None]
    uscc: NotRequired[str | None]
    region: NotRequired[str | None]
    government_established: NotRequired[bool]
    applies_local_rules: NotRequired[bool]
    administrator: str


class RegisterClient(TypedDict):
    name: str
    roles: list[Role]
    scopes: list[Scope]
    token_seconds: NotRequired[int]


class RegisterIntent(TypedDict):
    related: NotRequired[bool]
    payer_account: NotRequired[str | None]
    principal_organisation_id: NotRequired[str | None]
    mandate_evidence_sha256: NotRequired[str | None]
    consortium: NotRequired[ConsortiumIn | None]
    lots: NotRequired[list[str]]


class RegisterShares(TypedDict):
    proof_sha256: str


RegistrationState: TypeAlias = "Literal['FILED', 'REGISTERED', 'REFUSED', 'REVOKED']"


class ReleaseBurden(TypedDict):
    released_on: str
    evidence_sha256: str


ReleaseKind: TypeAlias = "Literal['SIGNED', 'PAPER', 'HEIRS', 'DECISION', 'TAKEN_BACK']"


Relief: TypeAlias = "Literal['EXEMPT', 'NO_RELIEF', 'EXEMPT_BAND', 'NOT_A_PAYER', 'HALF', 'DUE']"


class ReliefOut(TypedDict):
    tax: Tax
    relief: Relief
    needs_confirmation: bool


class RenewIn(TypedDict):
    expires_on: str


class ReplaceNotice(TypedDict):
    document_sha256: str
    changes: NoticeWords
    because: str
    evidence_sha256: NotRequired[str | None]


class ReplayIn(TypedDict):
    since: str
    until: str


class ReplayOut(TypedDict):
    count: int


class ReportRoyalty(TypedDict):
    period_from: str
    period_to: str
    base: dict[str, Any]


class ReportedContractOut(TypedDict):
    contract_id: str
    number: str
    type: ContractType
    licence_kind: str | None
    in_force_at: str | None
    is_new: bool
    fixed_price: dict[str, Any] | None
    registration_number: str | None
    registered_amount: dict[str, Any] | None
    technology_amount: dict[str, Any] | None
    received: dict[str, Any]
    costs: dict[str, Any]
    net_income: dict[str, Any]
    reward: dict[str, Any]
    unit_part: dict[str, Any]
    shares: int


class RequestGrantIn(TypedDict):
    """Without tier, folders and documents all that was asked for is opened."""
    tier: NotRequired[TierName | None]
    folders: NotRequired[list[str]]
    document_ids: NotRequired[list[str]]
    until: str
    only_asker: NotRequired[bool]
    paper: NotRequired[PaperIn | None]


class RequestIn(TypedDict):
    tier: NotRequired[TierName | None]
    folders: NotRequired[list[str]]
    document_ids: NotRequired[list[str]]
    purpose: str
    until: str


class RequestOut(TypedDict):
    id: str
    subject: str
    organisation_id: str
    organisation: str
    person_id: str
    person: str
    purpose: str
    tier: TierName | None
    folders: list[str]
    document_ids: list[str]
    until: str
    asked_at: str
    state: RequestState
    decided_at: str | None
    reason: str | None
    granted_until: str | None


class RequestPage(TypedDict):
    items: list[RequestOut]
    next_cursor: str | None


class RequestRefusalIn(TypedDict):
    reason: str


RequestState: TypeAlias = "Literal['ASKED', 'GRANTED', 'REFUSED', 'WITHDRAWN', 'LAPSED']"


class ReturnIn(TypedDict):
    sha256: str
    reason: str
    reasons: NotRequired[list[ReturnReason]]


ReturnReason: TypeAlias = "Literal['INCOMPLETE', 'UNCLEAR', 'RIGHTS_UNPROVEN', 'PRICE_UNFIT', 'DUPLICATE', 'CLASSIFIED', 'UNLAWFUL', 'OTHER']"


class Reveal(TypedDict):
    document_sha256: str
    salt: str


class RevealReserve(TypedDict):
    """What the announced digest was made of: SHA-256 of the lines `techmarket reserve price 1`, salt, amount in
    fen.
    """
    amount: dict[str, Any]
    salt: str


class ReverseDistribution(TypedDict):
    claw_back: NotRequired[bool]


class ReviewElevation(TypedDict):
    was_justified: bool
    finding: str


class ReviewIn(TypedDict):
    listing_ids: list[str]
    decision: NotRequired[Literal['ACCEPT', 'RETURN']]
    reason: NotRequired[str | None]
    reasons: NotRequired[list[ReturnReason]]
    read: dict[str, str]


class ReviewOut(TypedDict):
    outcomes: list[ReviewOutcomeOut]


class ReviewOutcomeOut(TypedDict):
    listing_id: str
    outcome: Literal['accepted', 'returned', 'refused']
    code: str | None
    detail: str | None


class ReworkOut(TypedDict):
    id: str
    distribution_id: str
    n: int
    state: ReworkState
    document_sha256: str
    signed: int
    required: int
    notice_id: str | None
    created_at: str
    document: dict[str, Any]


ReworkState: TypeAlias = "Literal['SIGNING', 'SIGNED', 'PUBLISHED', 'WITHDRAWN']"


class RightIn(TypedDict):
    kind: RightKind
    number: NotRequired[str | None]
    valid_until: NotRequired[str | None]
    status: NotRequired[RightStatus | None]
    filed_on: NotRequired[str | None]
    granted_on: NotRequired[str | None]
    fees_paid_until: NotRequired[str | None]


RightKind: TypeAlias = "Literal['INVENTION_PATENT', 'UTILITY_MODEL', 'DESIGN', 'SOFTWARE_COPYRIGHT', 'TECHNICAL_SECRET', 'LAYOUT_DESIGN', 'PLANT_VARIETY', 'BIOMEDICAL_VARIETY', 'OTHER']"


class RightOut(TypedDict):
    kind: RightKind
    number: str | None
    valid_until: str | None
    status: RightStatus | None
    filed_on: str | None
    granted_on: str | None
    fees_paid_until: str | None
    term_ends_on: str | None
    is_in_force: bool


RightStatus: TypeAlias = "Literal['APPLIED', 'PUBLISHED', 'GRANTED', 'REGISTERED', 'LAPSED', 'INVALIDATED', 'WITHDRAWN']"


class RightTerm(TypedDict):
    kind: str
    number: str | None


Role: TypeAlias = "Literal['ADMINISTRATOR', 'LISTING_OFFICER', 'INVENTOR', 'TRADER', 'SIGNATORY', 'FINANCE', 'OPERATOR', 'CERTIFIER', 'REGISTRAR', 'BROKER', 'REGULATOR']"


class RotateIn(TypedDict):
    overlap_hours: NotRequired[int]


class RotateKey(TypedDict):
    overlap_seconds: NotRequired[int]
    expires_at: NotRequired[str | None]
    current: NotRequired[str | None]


class RotateSecret(TypedDict):
    overlap_seconds: NotRequired[int]


class RowOut(TypedDict):
    line: int
    external_id: str | None
    outcome: Literal['accepted', 'refused', 'unchanged']
    listing_id: str | None
    refusal: RowRefusalOut | None
    organisation_id: NotRequired[str | None]


class RowPage(TypedDict):
    items: list[RowOut]
    next_cursor: str | None


class RowRefusalOut(TypedDict):
    code: str
    detail: str
    pointer: str | None


RoyaltyBase: TypeAlias = "Literal['net_sales', 'new_output_value', 'profit', 'price']"


class RoyaltyIn(TypedDict):
    rate: str
    base: RoyaltyBase
    due_days: int


class RoyaltyPlanIn(TypedDict):
    """A royalty: its base, its rate by contract year (one, rising or falling), and what bounds it."""
    base: RoyaltyBase
    rates: list[YearRateIn]
    due_days: int
    report_months: NotRequired[int | None]
    minimum_year: NotRequired[dict[str, Any] | None]
    cap_year: NotRequired[dict[str, Any] | None]
    cap_total: NotRequired[dict[str, Any] | None]
    advance: NotRequired[dict[str, Any] | None]
    late_interest_daily: NotRequired[str | None]
    books_may_be_inspected: NotRequired[bool]


class RoyaltyReportOut(TypedDict):
    id: str
    contract_id: str
    period_from: str
    period_to: str
    base: dict[str, Any]
    royalty: dict[str, Any]
    due_id: str | None
    paid_at: str | None
    charged: dict[str, Any]
    corrections: list[CorrectionOut]
    credit: dict[str, Any] | None


class RuleChangeOut(TypedDict):
    key: str
    jurisdiction: str
    was: RuleEffectsRuleOut | None
    would_be: RuleEffectsRuleOut | None


class RuleKeyOut(TypedDict):
    key: str
    rows: int
    in_force: int
    next_from: str | None
    needs_two: bool
    waiting: int


class RuleKeyPage(TypedDict):
    items: list[RuleKeyOut]
    next_cursor: str | None


class RulePage(TypedDict):
    items: list[RulebookRuleOut]
    next_cursor: str | None


RuleUnit: TypeAlias = "Literal['days', 'working_days', 'months', 'years', 'minutes', 'seconds', 'ratio', 'fen', 'count', 'flag', 'text']"


class RunClock(TypedDict):
    rate: int


class SavedSearchIn(TypedDict):
    name: str
    query: NotRequired[str | None]
    filters: NotRequired[FiltersIn]
    delivery: MatchingDelivery


class SavedSearchOut(TypedDict):
    id: str
    name: str
    query: str | None
    filters: dict[str, Any]
    delivery: MatchingDelivery
    created_at: str
    token: str


class SavedSearchPage(TypedDict):
    items: list[SavedSearchOut]
    next_cursor: str | None


class ScaleIn(TypedDict):
    """Parts by cumulative net income, instead of one rate."""
    modes: list[RevenueMode]
    tiers: list[TierIn]


class Scenario(TypedDict):
    """Another answer beside the first: what it does not say is as in the question."""
    name: str
    mode: NotRequired[RevenueMode | None]
    rule_date: NotRequired[str | None]
    jurisdiction: NotRequired[str | None]
    is_government_established: NotRequired[bool | None]
    is_pilot_unit: NotRequired[bool | None]
    receipts: NotRequired[list[ReceiptAsked] | None]
    costs: NotRequired[list[CostAsked] | None]
    table: NotRequired[TableAsked | None]
    pay_on: NotRequired[str | None]
    is_registered: NotRequired[bool | None]
    term_years: NotRequired[int | None]
    registered_capital: NotRequired[dict[str, Any] | None]


class ScenarioListIn(TypedDict):
    title_zh: NotRequired[str | None]
    title_en: NotRequired[str | None]
    description_zh: NotRequired[str | None]
    description_en: NotRequired[str | None]
    region: NotRequired[str | None]
    open_until: NotRequired[str | None]
    listing_ids: NotRequired[list[str]]


class ScenarioListOut(TypedDict):
    id: str
    organisation_id: str
    state: ScenarioListState
    title_zh: str | None
    title_en: str | None
    description_zh: str | None
    description_en: str | None
    region: str | None
    open_until: str | None
    is_open: bool
    published_at: str | None
    demands: list[ListingOut]


class ScenarioListPage(TypedDict):
    items: list[ScenarioListOut]
    next_cursor: str | None


ScenarioListState: TypeAlias = "Literal['DRAFT', 'PUBLISHED', 'CLOSED']"


class ScenarioOut(TypedDict):
    name: str
    outcome: dict[str, Any] | None
    explanation: dict[str, Any] | None
    refused: RefusedOut | None


Scope: TypeAlias = "Literal['read', 'write', 'bid']"


class ScopeIn(TypedDict):
    territory: NotRequired[str]
    field: NotRequired[str]
    manner: NotRequired[str]
    term_years: NotRequired[int | None]


class ScopeWire(TypedDict):
    """What is granted: where, for what use, how, how long."""
    territory: NotRequired[str]
    field: NotRequired[str]
    term_years: NotRequired[int | None]
    manner: NotRequired[list[Manner | Literal['OFFER']] | None]
    sublicence: NotRequired[bool | None]


class ScoreOut(TypedDict):
    number: int
    points: dict[str, str]
    score: str
    out_by: str | None


class ScoresOut(TypedDict):
    lot_id: str
    document_sha256: str
    document: dict[str, Any]
    scores: list[ScoreOut]


class SealLot(TypedDict):
    """The dealer's command makes the key and the shares, and sends this; the private key stays with nobody."""
    public_key: str
    needed: int
    officers: list[OfficerIn]


class SealingOut(TypedDict):
    lot_id: str
    suite: str
    envelope_bytes: int
    public_key: str
    terms_sha256: str
    needed: int
    officers: list[OfficerOut]
    slots_sha256: str | None
    opened_at: str | None
    bidder: int | None


class SeatOut(TypedDict):
    lot_id: str
    state: SeatState
    first_refusal: bool


SeatState: TypeAlias = "Literal['WAITING', 'READY', 'GONE']"


class SecondFactorOut(TypedDict):
    secret: str
    address: str


class SelfOut(TypedDict):
    person_id: str
    name: str
    organisation: OrganisationOut
    roles: list[Role]
    scopes: list[Scope]


class SessionOut(TypedDict):
    id: str
    organisation_id: str
    started_at: str
    ends_at: str
    idle_seconds: int
    second_factor_at: str | None
    last_used_at: str | None
    is_current: bool


class SessionsOut(TypedDict):
    items: list[SessionOut]


class SetContact(TypedDict):
    person_id: str | None


class SetLogin(TypedDict):
    name: str
    password: str
    current: NotRequired[str | None]


class ShareOut(TypedDict):
    id: str
    due_id: str
    side: SideOutput
    organisation_id: str
    fee: dict[str, Any]
    rate: str
    rule_id: str
    amount: dict[str, Any]
    at: str
    returned_at: str | None


class ShareTableCardOut(TypedDict):
    id: str
    contract_id: str | None
    achievement_id: str | None
    unit_id: str
    n: int
    state: TableState
    document_sha256: str
    created_at: str


class ShareTableOut(TypedDict):
    id: str
    contract_id: str | None
    achievement_id: str | None
    unit_id: str
    n: int
    state: TableState
    document_sha256: str
    created_at: str
    signing_id: str | None
    signed: int
    required: int
    document: dict[str, Any]


class ShareTablePage(TypedDict):
    items: list[ShareTableCardOut]
    next_cursor: str | None


class SheetIn(TypedDict):
    """One mark for each proposal and each criterion of the panel; it does not change once it is in."""
    marks: list[MarkIn]


SideOutput: TypeAlias = "Literal['SELLER', 'BUYER']"


class SignApproval(TypedDict):
    document_sha256: str


class SignChange(TypedDict):
    document_sha256: str


class SignConsent(TypedDict):
    document_sha256: str


class SignConsortium(TypedDict):
    document_sha256: str


class SignContract(TypedDict):
    document_sha256: str
    id_token: NotRequired[str | None]


class SignIn(TypedDict):
    name: str
    password: str
    code: NotRequired[str | None]
    organisation_id: NotRequired[str | None]
    as_cookie: NotRequired[bool]


class SignMandate(TypedDict):
    document_sha256: str


class SignRework(TypedDict):
    document_sha256: str


class SignTable(TypedDict):
    document_sha256: str


class SignVesting(TypedDict):
    document_sha256: str


class SignatoryOut(TypedDict):
    position: int
    organisation_id: str
    person_id: str | None
    role: str
    signature: SignatureOut | None


class SignatureIn(TypedDict):
    document_sha256: str


class SignatureOrderOut(TypedDict):
    id: str
    contract_id: str
    position: int
    provider: str
    state: OrderedState
    url: str | None
    ordered_at: str
    ended_at: str | None
    why: str | None


class SignatureOut(TypedDict):
    position: int
    person_id: str
    organisation_id: str
    method: str
    at: str
    document_sha256: str
    entry_id: str


class SignedInOut(TypedDict):
    session: SessionOut
    token: str | None


class SignedOut(TypedDict):
    signing_id: str
    position: int
    organisation_id: str
    person_id: str
    method: str
    at: str
    entry_id: str
    authority: AuthorityKind | None
    is_authority_confirmed: bool
    paper_sha256: str | None
    certificate: dict[str, Any] | None
    identity: dict[str, Any] | None


class SignedPaper(TypedDict):
    paper_sha256: str


class SigningOut(TypedDict):
    id: str
    document_sha256: str
    purpose: str
    subject: str
    in_order: bool
    state: SigningState
    signatories: list[SignatoryOut]


SigningState: TypeAlias = "Literal['OPEN', 'COMPLETE', 'VOID']"


class SlotOut(TypedDict):
    lot_id: str
    bidder: int
    envelope_sha256: str


Sort: TypeAlias = "Literal['RELEVANCE', 'NEWEST', 'PRICE_UP', 'PRICE_DOWN']"


class SourceIn(TypedDict):
    name: str
    url: str
    key: NotRequired[str | None]
    node: NotRequired[str | None]
    shown_max: NotRequired[int | None]


class SourceList(TypedDict):
    items: list[SourceOut]


class SourceOut(TypedDict):
    id: str
    name: str
    url: str
    node: str | None
    organisation_id: str
    state: SourceState
    has_key: bool
    kids: list[str]
    shown: int
    shown_max: int
    refused: int
    failures: int
    problem: str | None
    caught_up_at: str | None
    behind_seconds: int | None
    created_at: str


SourceState: TypeAlias = "Literal['ACTIVE', 'PAUSED', 'DISTRUSTED', 'REMOVED']"


Stage: TypeAlias = "Literal['DRAFT', 'APPLIED', 'ACCEPTED', 'DISCLOSING', 'EXTENDED', 'SUSPENDED', 'REGISTRATION_CLOSED', 'BIDDING', 'NEGOTIATING', 'AWARDED', 'RESULT_NOTICE', 'CONTRACTED', 'SETTLING', 'SETTLED', 'CERTIFIED', 'REGISTERED', 'FAILED', 'DEFAULTED', 'CANCELLED', 'TERMINATED']"


class StateEvent(TypedDict):
    """`event: state`. A turn of a lot's state, or first of all where it stands now."""
    lot_id: str
    n: int
    now: str
    what: Literal['now', 'opened', 'paused', 'resumed', 'closed', 'step', 'awarded', 'concluded', 'unsold', 'terminated']
    at: str
    state: LotState
    step: LotStep | None
    free_ends_at: str | None
    effective_end: str | None
    hard_end: str | None
    step_due_at: str | None
    pause: PauseWire | None
    falling: FallingWire | None


class StatementCardOut(TypedDict):
    distribution_id: str
    contract_id: str | None
    state: DistributionState
    amount: dict[str, Any]
    created_at: str


class StatementLineOut(TypedDict):
    seq: int
    at: str
    amount: dict[str, Any]
    balance: dict[str, Any]
    why: str
    code: str


StatusPurpose: TypeAlias = "Literal['revocation', 'suspension']"


class Suggestions(TypedDict):
    items: list[str]


class SuspendNotice(TypedDict):
    reasons: str


class SuspendTrade(TypedDict):
    reasons: str
    cause: PauseCauseInput


class SyndicationPage(TypedDict):
    log_id: str
    items: list[SyndicationItemOut]
    next_cursor: str
    is_at_end: bool
    checkpoint: CheckpointPart | None
    openings: list[OpeningPart]


class TableAsked(TypedDict):
    basis: NotRequired[RevenueBasis]
    rate: NotRequired[str | None]
    title_share: NotRequired[str | None]
    groups: list[GroupAsked]


class TableIn(TypedDict):
    basis: NotRequired[RevenueBasis]
    rate: NotRequired[str | None]
    title_share: NotRequired[str | None]
    groups: list[GroupIn]


TableState: TypeAlias = "Literal['DRAFT', 'SIGNING', 'SIGNED', 'REPLACED']"


class TakeElevation(TypedDict):
    organisation_id: str
    reasons: str
    minutes: int


class TakeRepayment(TypedDict):
    amount: dict[str, Any]
    evidence_sha256: str


Tax: TypeAlias = "Literal['VAT', 'CIT', 'IIT', 'STAMP']"


class TermPage(TypedDict):
    items: list[IncomesTermOut]
    next_cursor: str | None


class TerminateTrade(TypedDict):
    reasons: str
    cause: TerminationCause


TerminationCause: TypeAlias = "Literal['OBSTACLE_REMAINS', 'RIGHTS_IN_DISPUTE', 'FORCE_MAJEURE', 'AUTHORITY_ORDER', 'BREACH_OF_RULES', 'SELLERS_MOTION', 'OTHER']"


class TermsOut(TypedDict):
    """The terms this reader may see; a term above his tier is absent, just like one that is not stated."""
    title_zh: NotRequired[str | None]
    title_en: NotRequired[str | None]
    summary_zh: NotRequired[str | None]
    summary_en: NotRequired[str | None]
    description_zh: NotRequired[str | None]
    description_en: NotRequired[str | None]
    problem_zh: NotRequired[str | None]
    problem_en: NotRequired[str | None]
    indicators: NotRequired[list[Indicator] | None]
    keywords: NotRequired[list[str] | None]
    technology_field: NotRequired[str | None]
    industry: NotRequired[str | None]
    ipc: NotRequired[list[str] | None]
    trl: NotRequired[int | None]
    region: NotRequired[str | None]
    rights: NotRequired[list[RightTerm] | None]
    mode: NotRequired[ListingsMode | None]
    licence_kind: NotRequired[LicenceKind | None]
    scope: NotRequired[ScopeWire | None]
    price_form: NotRequired[PriceForm | None]
    price: NotRequired[dict[str, Any] | None]
    royalty_rate: NotRequired[str | None]
    royalty_base: NotRequired[str | None]
    budget: NotRequired[dict[str, Any] | None]
    deadline: NotRequired[str | None]
    royalty_minimum: NotRequired[dict[str, Any] | None]
    royalty_cap: NotRequired[dict[str, Any] | None]
    price_parts: NotRequired[list[PricePart] | None]
    equity_share: NotRequired[str | None]
    trial_days: NotRequired[int | None]
    approval_ids: NotRequired[list[str] | None]
    open_challenge: NotRequired[bool | None]
    challenge: NotRequired[Challenge | None]
    scenario_zh: NotRequired[str | None]
    scenario_en: NotRequired[str | None]
    trl_min: NotRequired[int | None]
    modes: NotRequired[list[ListingsMode] | None]
    contact: NotRequired[str | None]
    technical_details: NotRequired[str | None]
    deal_terms: NotRequired[str | None]
    origin: NotRequired[dict[str, Any] | None]
    attribution: NotRequired[dict[str, Any] | None]


class TextOut(TypedDict):
    n: int
    sha256: str
    text: str


class TierIn(TypedDict):
    who: Receiver
    above: dict[str, Any]
    ratio: str


TierName: TypeAlias = "Literal['PUBLIC', 'REGISTERED', 'NDA', 'DEAL']"


TitleMoves: TypeAlias = "Literal['ON_EFFECT', 'ON_PAYMENT']"


class TotalsOut(TypedDict):
    contracts: int
    new_contracts: int
    new_fixed_price: dict[str, Any]
    registered: int
    registered_amount: dict[str, Any]
    technology_amount: dict[str, Any]
    received: dict[str, Any]
    costs: dict[str, Any]
    net_income: dict[str, Any]
    reward: dict[str, Any]
    unit_part: dict[str, Any]
    shares: int


class TradeLineOut(TypedDict):
    id: str
    number: str
    state: TradeState
    method: Method
    listing_id: str
    lot_id: str
    lots: int
    title_zh: str
    title_en: str
    start_price: dict[str, Any] | None
    increment: dict[str, Any] | None
    deposit: dict[str, Any]
    leading: dict[str, Any] | None
    bidding_opens_at: str | None
    effective_end: str | None


class TradeOut(TypedDict):
    id: str
    number: str
    state: TradeState
    method: Method
    seller_organisation_id: str
    listing_id: str
    listing_n: int
    listing_sha256: str
    title_zh: str
    title_en: str
    rule_date: str
    terms_sha256: str
    terms: dict[str, Any]
    rules: dict[str, Any]
    deposit: dict[str, Any]
    deposit_scope: DepositScope
    previous_id: str | None
    notice_id: str | None
    announcement_ends_at: str | None
    bidding_opens_at: str | None
    suspended_at: str | None
    resume_by: str | None
    waits_for: WaitsFor | None
    lots: list[LotOut]
    lot: LotOut


class TradePage(TypedDict):
    items: list[TradeLineOut]
    next_cursor: str | None


TradeState: TypeAlias = "Literal['DRAFT', 'SUBMITTED', 'RETURNED', 'ANNOUNCED', 'DECIDING', 'AWARDED', 'CONCLUDED', 'UNSOLD', 'TERMINATED']"


class TransferOut(TypedDict):
    id: str
    seq: int
    at: str
    amount: dict[str, Any]
    other_account: str
    why: str
    code: str
    hold_id: str | None
    reverses: str | None


class TransferPage(TypedDict):
    items: list[TransferOut]
    next_cursor: str | None


Trouble: TypeAlias = "Literal['DOWN', 'SLOW', 'REFUSED', 'MALFORMED', 'WRONG_DIMENSION', 'NOT_FINITE', 'RESTING']"


Unit: TypeAlias = "Literal['days', 'working_days', 'months', 'years', 'minutes', 'seconds']"


class UnitRuleList(TypedDict):
    items: list[UnitRuleOut]


class UnitRuleOut(TypedDict):
    id: str
    unit_id: str
    n: int
    state: UnitRuleState
    document_sha256: str
    effective_from: str
    effective_to: str | None
    adopted_at: str | None
    document: dict[str, Any]


UnitRuleState: TypeAlias = "Literal['DRAFT', 'IN_FORCE', 'ENDED', 'WITHDRAWN']"


class Unsubscription(TypedDict):
    search_id: str
    token: str


class UnwindContract(TypedDict):
    evidence_sha256: str


class UnwoundOut(TypedDict):
    income: int


Urgency: TypeAlias = "Literal['OVERDUE', 'TODAY', 'SOON', 'LATER', 'OPEN']"


class ValuationIn(TypedDict):
    """What the valuation says that everything offered here is worth together."""
    amount: dict[str, Any]
    dated: str
    report_sha256: NotRequired[str | None]


Value: TypeAlias = "Literal['SCIENTIFIC', 'TECHNICAL', 'ECONOMIC', 'SOCIAL', 'CULTURAL']"


Verdict: TypeAlias = "Literal['INTERESTED', 'NOT_RELEVANT']"


class VerificationOut(TypedDict):
    answer: Answer
    number: str | None
    since: str | None
    why: str | None
    as_of: str | None
    fault: CheckOut | None
    checked: list[CheckOut]
    not_checked: list[CheckOut]
    credential: dict[str, Any] | None
    hidden: list[str]
    replaced_by: str | None


class VerifyFile(TypedDict):
    file: str


class VersionList(TypedDict):
    items: list[ListingsVersionOut]


class VersionPage(TypedDict):
    items: list[AchievementsVersionOut]
    next_cursor: str | None


class Versions(TypedDict):
    items: list[NoticesVersionOut]


VestingKind: TypeAlias = "Literal['OWNERSHIP', 'USE_RIGHT']"


class VestingOut(TypedDict):
    id: str
    achievement_id: str
    organisation_id: str
    kind: VestingKind
    years: int | None
    grantees: list[GranteeOut]
    state: VestingState
    decision_sha256: str | None
    notice_id: str | None
    document_sha256: str | None
    signing_id: str | None
    reason: str | None
    applied_at: str
    in_force_on: str | None
    ends_on: str | None
    text: dict[str, Any] | None


class VestingPage(TypedDict):
    items: list[VestingOut]
    next_cursor: str | None


VestingState: TypeAlias = "Literal['APPLIED', 'PUBLISHED', 'SIGNING', 'IN_FORCE', 'REFUSED', 'WITHDRAWN', 'LAPSED']"


class VoidStatement(TypedDict):
    reasons: str


WaitsFor: TypeAlias = "Literal['CALENDAR_MISSING', 'RESUMPTION', 'OBJECTION']"


class WebhookChange(TypedDict):
    url: NotRequired[str | None]
    types: NotRequired[list[str] | None]


class WebhookIn(TypedDict):
    url: str
    types: NotRequired[list[str]]


class WebhookList(TypedDict):
    items: list[WebhookOut]


class WebhookOut(TypedDict):
    id: str
    organisation_id: str
    url: str
    types: list[str]
    state: WebhookState
    failing_since: str | None
    disabled_because: str | None
    created_at: str
    waiting: int
    secret: str | None
    old_secret_until: str | None


WebhookState: TypeAlias = "Literal['ACTIVE', 'DISABLED', 'ENDED']"


class WeighRules(TypedDict):
    pack: NotRequired[str | None]
    cursor: NotRequired[str | None]


class WeightOfGroup(TypedDict):
    group: Group
    weight: str


Why: TypeAlias = "Literal['OBJECTION', 'DISPUTE', 'COURT_ORDER', 'FACTS_WRONG', 'CONTRACT_ENDED', 'CONTRACT_CHANGED', 'PAYMENT_REFUNDED', 'REGISTRATION_REVOKED', 'REPLACED', 'OTHER']"


class WhyAndReasons(TypedDict):
    why: Why
    reasons: str


class WithdrawalIn(TypedDict):
    reason: str


class WorkCountOut(TypedDict):
    kind: str
    title_zh: str
    title_en: str
    count: int
    overdue: int
    next_due: str | None


class WorkCountsOut(TypedDict):
    kinds: list[WorkCountOut]
    count: int
    overdue: int
    now: str


class WorkDayIn(TypedDict):
    day: str
    is_working: bool


class WorkDaysOut(TypedDict):
    entered: int


class WorkOut(TypedDict):
    kind: str
    title_zh: str
    title_en: str
    object: str | None
    organisation_id: str
    since: str
    due: str | None
    urgency: Urgency
    operation: str
    method: str
    path: str
    needs: list[str]


class WorkPageOut(TypedDict):
    items: list[WorkOut]
    next_cursor: str | None
    now: str


class WorkYearDayOut(TypedDict):
    day: str
    is_working: bool
    source: str | None


class WorkYearOut(TypedDict):
    year: int
    origin: YearOrigin
    working_days: int | None
    days: list[WorkYearDayOut]


YearOrigin: TypeAlias = "Literal['PUBLISHED', 'ENTERED', 'MISSING']"


class YearRateIn(TypedDict):
    from_year: int
    rate: str


AccessSide: TypeAlias = "Literal['OWNER', 'ASKER']"


class AchievementsVersionOut(TypedDict):
    n: int
    act: str
    at: str
    sha256: str
    changed: list[str]


class AnnouncementsReasons(TypedDict):
    reasons: str


class AttestationsAttestationOut(TypedDict):
    id: str
    encumbrance_id: str
    achievement_id: str
    organisation_id: str
    burden_kind: BurdenKind
    holder: str | None
    holder_organisation_id: str | None
    registration_number: str | None
    act: AttestedAct
    state: AttestationState
    released_on: str | None
    evidence_sha256: str
    at: str
    decided_at: str | None
    decided_by_organisation_id: str | None
    reasons: str | None


class BankAccountOut(TypedDict):
    account: str
    bank_name: str
    holder_name: str
    declared_at: str


class BankEntryOut(TypedDict):
    n: int
    direction: Literal['CREDIT', 'DEBIT']
    amount: dict[str, Any]
    booked_on: str
    bank_reference: str
    finding: Finding
    state: EntryState
    bank_line_id: str | None
    payout_id: str | None


class BankStatementOut(TypedDict):
    id: str
    number: str
    account: str
    first_day: str
    last_day: str
    opening: dict[str, Any]
    closing: dict[str, Any]
    entries: int
    taken: int
    known: int
    payouts: int
    unexplained: int
    open: int
    at: str
    voided_at: str | None


class BankStatementPage(TypedDict):
    items: list[BankStatementOut]
    next_cursor: str | None


class CertificationReasons(TypedDict):
    reasons: str


class ChangesChangeOut(TypedDict):
    id: str
    contract_id: str
    n: int
    kind: ChangeKind
    state: ChangeState
    effective_on: str
    reasons: str
    proposed_by: str
    proposed_at: str
    decided_at: str | None
    document_sha256: str
    signing_id: str
    version: int | None
    document: dict[str, Any]


class ContractShapesAttestationOut(TypedDict):
    person_id: str
    organisation_id: str
    at: str
    document_sha256: str
    entry_id: str


class ContractShapesDocumentOut(TypedDict):
    sha256: str
    document: dict[str, Any]


class ContractShapesItemOut(TypedDict):
    title: str
    amount: dict[str, Any]


class ContractShapesReasons(TypedDict):
    reasons: str


class ContractShapesRegistrationOut(TypedDict):
    id: str
    contract_id: str
    state: RegistrationState
    contract_class: ContractType
    whole_amount: dict[str, Any]
    technology_amount: dict[str, Any]
    number: str | None
    filed_at: str
    decide_by: str | None
    decided_at: str | None
    reasons: str | None
    reliefs: list[ReliefOut]
    warnings: list[str]
    is_estimate: bool
    non_technical: list[ContractShapesItemOut]
    seller_code: str | None
    buyer_code: str | None
    seller_place: str | None
    buyer_place: str | None
    corrections: list[AmountsOut]


class ContractShapesVersionOut(TypedDict):
    n: int
    sha256: str
    signing_id: str | None
    effective_on: str | None


class DisclosureDocumentOut(TypedDict):
    id: str
    subject: str
    folder: str
    name: str
    version: int
    tier: TierName
    sha256: str | None
    size: int
    media_type: str
    by_name: bool
    is_stamped: bool
    is_open: bool
    added_at: str
    withdrawn_at: str | None
    duplicate_of: str | None


class FeedChangeOut(TypedDict):
    id: str
    cursor: str
    at: str
    type: str
    refs: list[str]
    facts: dict[str, Any]


class IdentityRegistrationOut(TypedDict):
    organisation: OrganisationOut
    administrator: PersonOut
    key: IssuedKeyOut


class IncomesTermOut(TypedDict):
    income_id: str
    contract_id: str | None
    achievement_id: str | None
    unit_id: str
    name: str
    amount: dict[str, Any]
    received_on: str
    ends_on: str
    moved_to: str
    standing: str
    distribution_id: str | None


class LedgerAccountOut(TypedDict):
    id: str
    book: str
    owner: str | None
    purpose: LedgerPurpose
    subject: str | None
    balance: dict[str, Any]
    held: dict[str, Any]
    available: dict[str, Any]


class ListingsVersionOut(TypedDict):
    n: int
    sha256: str
    created_at: str


class MatchingTermOut(TypedDict):
    term: str
    times: int
    gave: str
    fields: list[str]


NdasSide: TypeAlias = "Literal['OWNER', 'RECEIVER']"


class NoticesPauseOut(TypedDict):
    cause: NoticesPauseCause
    reasons: str | None
    began_at: str
    resume_by: str | None
    ended_at: str | None


class NoticesVersionOut(TypedDict):
    notice_id: str
    n: int
    document_sha256: str
    change: Change | None
    at: str
    document: dict[str, Any]


class PanelsProposalOut(TypedDict):
    number: int
    terms: dict[str, Any]
    documents: list[str]
    data_room: str


class ParticipantsClaimOut(TypedDict):
    lot_id: str
    basis: BasisOutput
    share: str
    evidence_sha256: str | None
    state: TradingClaimState


class ParticipantsMemberOut(TypedDict):
    organisation_id: str
    related_because: list[Kinship]
    signed_at: str | None


class PeopleMemberOut(TypedDict):
    person_id: str
    name: str
    roles: list[Role]
    is_machine: bool
    has_login: bool
    has_second_factor: bool
    ended_at: str | None
    is_contact: NotRequired[bool]


class RewardClaimsClaimOut(TypedDict):
    id: str
    unit_id: str
    person_id: str | None
    group: Group
    distribution_line_id: str
    amount: dict[str, Any]
    settled: dict[str, Any]
    state: RevenueClaimState
    cause: str
    created_at: str
    given_twice: dict[str, Any]
    given_back: dict[str, Any]


class RuleEffectsRuleOut(TypedDict):
    value: str
    unit: str
    binding: str
    evidence: str
    source: str
    effective_from: str


class RulebookProposalOut(TypedDict):
    id: str
    key: str
    row: dict[str, str | None]
    state: ProposalState
    proposed_by: str
    proposed_at: str
    decided_by: str | None
    decided_at: str | None
    reasons: str | None


class RulebookRuleOut(TypedDict):
    id: str
    key: str
    jurisdiction: str
    scope: str
    mode: str | None
    applies_to: str
    binding: Binding
    base: str | None
    value: str
    unit: RuleUnit
    source: str
    evidence: Evidence
    effective_from: str
    effective_to: str | None


class StatementsStatementOut(TypedDict):
    distribution_id: str
    contract_id: str | None
    contract_number: str
    unit_id: str
    unit_name: str
    person_id: str
    person_name: str
    state: DistributionState
    rule_date: str
    share_table_id: str
    share_table_sha256: str
    notice_id: str | None
    computation_sha256: str
    amount: dict[str, Any]
    lines: list[LineOut]
    inputs: dict[str, Any]
    steps: list[dict[str, Any]]
    flags: list[dict[str, Any]]
    terms: list[dict[str, Any]]
    paid_otherwise: list[dict[str, Any]]


class StatementsStatementPage(TypedDict):
    items: list[StatementCardOut]
    next_cursor: str | None


class SyndicationItemOut(TypedDict):
    listing_id: str
    entry_id: str
    position: int
    at: str
    state: ItemState
    content: dict[str, Any] | None
    url: str
    proof: ItemProofOut


class TradingPauseOut(TypedDict):
    cause: TradingPauseCause
    reason: str
    paused_at: str
    resumes_at: str | None


class TransparencyEntryOut(TypedDict):
    id: str
    at: str
    kind: str
    refs: list[str]
    facts: dict[str, Any]
    salt: str
    leaf_hash: str
    position: int | None


ContractsLineState: TypeAlias = "Literal['PLANNED', 'DUE', 'PAID', 'REFUNDED', 'CONTRIBUTED', 'REPLACED', 'CANCELLED']"


LedgerPurpose: TypeAlias = "Literal['BANK', 'ESCROW', 'DEPOSITS', 'FEES', 'SUSPENSE', 'EXPENSE', 'PAYABLE', 'RECEIVABLE']"


ListingsMode: TypeAlias = "Literal['TRANSFER', 'LICENCE', 'OPEN_LICENCE', 'EQUITY', 'JOINT_DEVELOPMENT', 'TRY_BEFORE_BUY']"


MatchingDelivery: TypeAlias = "Literal['IMMEDIATE', 'DIGEST']"


NoticesPauseCause: TypeAlias = "Literal['OBJECTION', 'SUSPENSION']"


RevenueBasis: TypeAlias = "Literal['REWARD', 'TITLE']"


RevenueMode: TypeAlias = "Literal['transfer', 'licence', 'equity', 'self_implementation', 'joint_implementation', 'other']"


RevenueClaimState: TypeAlias = "Literal['OPEN', 'SETTLED']"


RevenueLineState: TypeAlias = "Literal['OPEN', 'HELD', 'INSTRUCTED', 'PAID', 'CANCELLED', 'RECLAIMED']"


RulebookMode: TypeAlias = "Literal['transfer', 'licence', 'equity', 'self_implementation', 'joint_implementation', 'auction', 'tender', 'property_right', 'invention_patent', 'utility_model', 'design']"


SettlementLineState: TypeAlias = "Literal['UNMATCHED', 'MATCHED', 'RETURNED', 'VOIDED']"


SettlementPurpose: TypeAlias = "Literal['DEPOSIT', 'PRICE', 'ENTRY_FEE', 'ROYALTY', 'INTEREST', 'FEE', 'REWARD', 'REFUND']"


TradingBasis: TypeAlias = "Literal['COMPLETER', 'CO_OWNER', 'CONTRACT']"


TradingClaimState: TypeAlias = "Literal['CLAIMED', 'HELD', 'REFUSED', 'ASKED', 'EXERCISED', 'WAIVED']"


TradingPauseCause: TypeAlias = "Literal['SYSTEM_FAULT', 'NETWORK_FAULT', 'FORCE_MAJEURE', 'RIGHTS_IN_DISPUTE', 'OBJECTION', 'AUTHORITY_ORDER', 'SUSPECTED_COLLUSION', 'OTHER']"


WorkbenchDelivery: TypeAlias = "Literal['OFF', 'INBOX', 'MAIL', 'DIGEST']"
