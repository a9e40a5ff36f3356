"""A method for each operation.

Made from the OpenAPI document by `techmarket openapi --write`; not edited by hand.
"""

# mypy: disable-error-code=no-any-return
from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from typing import Literal
    from uuid import UUID

    from techmarket.client import shapes
    from techmarket.client.course import Query, Value


class Operations(ABC):
    @abstractmethod
    def send(self, method: str, template: str, path: Mapping[str, Value], **more: Any) -> Any: ...

    @abstractmethod
    def _each(self, template: str, path: Mapping[str, Value], query: Query) -> Iterator[Any]: ...

    def list_organisations(
        self,
        *,
        node: UUID | str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.OrganisationPage:
        """All organisations, oldest first: the operator's desk. An operator of a node sees those of his node."""
        return self.send("GET", "/v1/organisations", {}, query={"node": node, "cursor": cursor, "limit": limit})

    def each_organisations(
        self,
        *,
        node: UUID | str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.OrganisationOut]:
        """Every entry of `list_organisations`, page after page."""
        return self._each("/v1/organisations", {}, {"node": node, "limit": limit})

    def register_organisation(
        self,
        body: shapes.Register,
        *,
        once: str | None = None,
    ) -> shapes.IdentityRegistrationOut:
        """Register an organisation and its first administrator. Open to anyone; it can trade once verified. Its
        统一社会信用代码 is a claim until then: several may claim one, and one alone is verified with it.
        """
        return self.send(
            "POST",
            "/v1/organisations",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_organisation(self, organisation_id: UUID | str) -> shapes.OrganisationOut:
        """The public card of a verified organisation; its own people and the market see it in every state."""
        return self.send("GET", "/v1/organisations/{organisation_id}", {"organisation_id": organisation_id})

    def verify_organisation(
        self,
        organisation_id: UUID | str,
        *,
        once: str | None = None,
    ) -> shapes.OrganisationOut:
        """An operator has checked the organisation's papers. Its code is its own from then on. `warnings` holds
        `identity.uscc_shared` where another organisation claims the same code.
        """
        return self.send(
            "POST",
            "/v1/organisations/{organisation_id}/verification",
            {"organisation_id": organisation_id},
            keyed=True,
            once=once,
        )

    def suspend_organisation(
        self,
        organisation_id: UUID | str,
        *,
        once: str | None = None,
    ) -> shapes.OrganisationOut:
        """An operator stops an organisation from acting."""
        return self.send(
            "POST",
            "/v1/organisations/{organisation_id}/suspension",
            {"organisation_id": organisation_id},
            keyed=True,
            once=once,
        )

    def list_people(
        self,
        organisation_id: UUID | str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.MemberPage:
        """The people and programs of an organisation, for its administrators and the market's."""
        return self.send(
            "GET",
            "/v1/organisations/{organisation_id}/people",
            {"organisation_id": organisation_id},
            query={"cursor": cursor, "limit": limit},
        )

    def each_people(
        self,
        organisation_id: UUID | str,
        *,
        limit: int | None = None,
    ) -> Iterator[shapes.PeopleMemberOut]:
        """Every entry of `list_people`, page after page."""
        return self._each(
            "/v1/organisations/{organisation_id}/people",
            {"organisation_id": organisation_id},
            {"limit": limit},
        )

    def add_person(
        self,
        organisation_id: UUID | str,
        body: shapes.AddPerson,
        *,
        once: str | None = None,
    ) -> shapes.PersonAddedOut:
        """Add a person with roles; the person's first key is shown once."""
        return self.send(
            "POST",
            "/v1/organisations/{organisation_id}/people",
            {"organisation_id": organisation_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_self(self) -> shapes.SelfOut:
        """Whom this key acts for."""
        return self.send("GET", "/v1/me", {})

    def grant_qualification(
        self,
        person_id: UUID | str,
        body: shapes.Qualify,
        *,
        once: str | None = None,
    ) -> shapes.QualificationOut:
        """As an operator, enter that a person is qualified, and until when."""
        return self.send(
            "POST",
            "/v1/people/{person_id}/qualifications",
            {"person_id": person_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_keys(
        self,
        organisation_id: UUID | str,
        *,
        person_id: UUID | str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.KeyPage:
        """The keys of an organisation without their secrets: all for its administrators, your own otherwise."""
        return self.send(
            "GET",
            "/v1/organisations/{organisation_id}/keys",
            {"organisation_id": organisation_id},
            query={"person_id": person_id, "cursor": cursor, "limit": limit},
        )

    def each_keys(
        self,
        organisation_id: UUID | str,
        *,
        person_id: UUID | str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.KeyOut]:
        """Every entry of `list_keys`, page after page."""
        return self._each(
            "/v1/organisations/{organisation_id}/keys",
            {"organisation_id": organisation_id},
            {"person_id": person_id, "limit": limit},
        )

    def issue_key(
        self,
        organisation_id: UUID | str,
        body: shapes.IssueKey,
        *,
        once: str | None = None,
    ) -> shapes.IssuedKeyOut:
        """Issue a further key for yourself, with no more scopes than the key you ask with, ending no later than
        that one; in a session by your password or a fresh second factor.
        """
        return self.send(
            "POST",
            "/v1/organisations/{organisation_id}/keys",
            {"organisation_id": organisation_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def rotate_key(
        self,
        key_id: UUID | str,
        body: shapes.RotateKey,
        *,
        once: str | None = None,
    ) -> shapes.IssuedKeyOut:
        """Replace a key of your own by one with the same scopes; the old one works on until the overlap is over.
        By a key none is prolonged; in a session it takes your password or a fresh second factor.
        """
        return self.send(
            "POST",
            "/v1/keys/{key_id}/rotation",
            {"key_id": key_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def revoke_key(self, key_id: UUID | str, *, once: str | None = None) -> None:
        """Revoke a key of your own, or as an administrator any of your organisation; it fails from the next
        request on.
        """
        return self.send("POST", "/v1/keys/{key_id}/revocation", {"key_id": key_id}, keyed=True, once=once)

    def list_clients(
        self,
        organisation_id: UUID | str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.ClientPage:
        """The programs of an organisation, for its administrators and the market's."""
        return self.send(
            "GET",
            "/v1/organisations/{organisation_id}/clients",
            {"organisation_id": organisation_id},
            query={"cursor": cursor, "limit": limit},
        )

    def each_clients(self, organisation_id: UUID | str, *, limit: int | None = None) -> Iterator[shapes.ClientOut]:
        """Every entry of `list_clients`, page after page."""
        return self._each(
            "/v1/organisations/{organisation_id}/clients",
            {"organisation_id": organisation_id},
            {"limit": limit},
        )

    def register_client(
        self,
        organisation_id: UUID | str,
        body: shapes.RegisterClient,
        *,
        once: str | None = None,
    ) -> shapes.ClientSecretOut:
        """Register a program of your organisation with roles and scopes of its own; it gets tokens at
        `/oauth/token`.
        """
        return self.send(
            "POST",
            "/v1/organisations/{organisation_id}/clients",
            {"organisation_id": organisation_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def rotate_client_secret(
        self,
        client_id: UUID | str,
        body: shapes.RotateSecret,
        *,
        once: str | None = None,
    ) -> shapes.ClientSecretOut:
        """Give a program another secret; the one before works on until the overlap is over."""
        return self.send(
            "POST",
            "/v1/clients/{client_id}/secrets",
            {"client_id": client_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def revoke_client(self, client_id: UUID | str, *, once: str | None = None) -> None:
        """Revoke a program: no more tokens, and those it has fail from the next request on."""
        return self.send(
            "POST",
            "/v1/clients/{client_id}/revocation",
            {"client_id": client_id},
            keyed=True,
            once=once,
        )

    def invite_person(
        self,
        organisation_id: UUID | str,
        body: shapes.Invite,
        *,
        once: str | None = None,
    ) -> shapes.InvitationOut:
        """Invite somebody to join with roles. The link is shown once, holds for seven days and counts once."""
        return self.send(
            "POST",
            "/v1/organisations/{organisation_id}/invitations",
            {"organisation_id": organisation_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def invite_again(
        self,
        organisation_id: UUID | str,
        person_id: UUID | str,
        *,
        once: str | None = None,
    ) -> shapes.InvitationOut:
        """Let a member set a password anew, who has none or lost it or his second factor."""
        return self.send(
            "POST",
            "/v1/organisations/{organisation_id}/people/{person_id}/invitations",
            {"organisation_id": organisation_id, "person_id": person_id},
            keyed=True,
            once=once,
        )

    def withdraw_invitation(self, invitation_id: UUID | str, *, once: str | None = None) -> None:
        """Withdraw an invitation that was not used."""
        return self.send(
            "POST",
            "/v1/invitations/{invitation_id}/withdrawal",
            {"invitation_id": invitation_id},
            keyed=True,
            once=once,
        )

    def accept_invitation(self, body: shapes.Accept, *, once: str | None = None) -> shapes.PersonOut:
        """Join by the link of an invitation, with a name and a password of your own; then sign in."""
        return self.send(
            "POST",
            "/v1/invitations/acceptance",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def change_roles(
        self,
        organisation_id: UUID | str,
        person_id: UUID | str,
        body: shapes.ChangeRoles,
    ) -> shapes.PersonOut:
        """Give and take roles; it holds from the next request on."""
        return self.send(
            "PUT",
            "/v1/organisations/{organisation_id}/people/{person_id}/roles",
            {"organisation_id": organisation_id, "person_id": person_id},
            body=body,
            media="application/json",
        )

    def end_membership(
        self,
        organisation_id: UUID | str,
        person_id: UUID | str,
        *,
        once: str | None = None,
    ) -> None:
        """A person leaves: keys and sessions for this organisation fail from the next request on."""
        return self.send(
            "POST",
            "/v1/organisations/{organisation_id}/people/{person_id}/end",
            {"organisation_id": organisation_id, "person_id": person_id},
            keyed=True,
            once=once,
        )

    def ask_second_factor(
        self,
        organisation_id: UUID | str,
        body: shapes.AskSecondFactor,
    ) -> shapes.AskSecondFactor:
        """Ask your people for a second factor at signing, approving, releasing money and giving power, or no
        longer.
        """
        return self.send(
            "PUT",
            "/v1/organisations/{organisation_id}/second-factor",
            {"organisation_id": organisation_id},
            body=body,
            media="application/json",
        )

    def set_contact(self, organisation_id: UUID | str, body: shapes.SetContact) -> None:
        """Name the person who may object beside your administrators when the market is to let somebody new
        administer your organisation (administrator-recoveries).
        """
        return self.send(
            "PUT",
            "/v1/organisations/{organisation_id}/contact",
            {"organisation_id": organisation_id},
            body=body,
            media="application/json",
        )

    def appoint_deputy(
        self,
        organisation_id: UUID | str,
        person_id: UUID | str,
        body: shapes.AppointDeputy,
        *,
        once: str | None = None,
    ) -> shapes.DeputyshipOut:
        """Appoint somebody to act for a person of your organisation, or for you, with some of the roles, for a
        time.
        """
        return self.send(
            "POST",
            "/v1/organisations/{organisation_id}/people/{person_id}/deputies",
            {"organisation_id": organisation_id, "person_id": person_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_deputies(
        self,
        organisation_id: UUID | str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.DeputyshipPage:
        """Who may act for whom: all of it for administrators, for others what they are part of."""
        return self.send(
            "GET",
            "/v1/organisations/{organisation_id}/deputies",
            {"organisation_id": organisation_id},
            query={"cursor": cursor, "limit": limit},
        )

    def each_deputies(
        self,
        organisation_id: UUID | str,
        *,
        limit: int | None = None,
    ) -> Iterator[shapes.DeputyshipOut]:
        """Every entry of `list_deputies`, page after page."""
        return self._each(
            "/v1/organisations/{organisation_id}/deputies",
            {"organisation_id": organisation_id},
            {"limit": limit},
        )

    def revoke_deputy(self, deputyship_id: UUID | str, *, once: str | None = None) -> None:
        """End a deputyship, as the one who appointed, the deputy or an administrator; from the next request on."""
        return self.send(
            "POST",
            "/v1/deputyships/{deputyship_id}/revocation",
            {"deputyship_id": deputyship_id},
            keyed=True,
            once=once,
        )

    def list_elevations(
        self,
        *,
        unreviewed: bool | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.ElevationPage:
        """All elevations, newest first, or those that wait for their review."""
        return self.send(
            "GET",
            "/v1/elevations",
            {},
            query={"unreviewed": unreviewed, "cursor": cursor, "limit": limit},
        )

    def each_elevations(
        self,
        *,
        unreviewed: bool | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.ElevationOut]:
        """Every entry of `list_elevations`, page after page."""
        return self._each("/v1/elevations", {}, {"unreviewed": unreviewed, "limit": limit})

    def take_elevation(self, body: shapes.TakeElevation, *, once: str | None = None) -> shapes.ElevationOut:
        """As an operator, take an elevation for an organisation (break-glass): told to it and to your colleagues
        at once, on record in every act, reviewed afterwards. It never reaches bids, seals, money, signatures
        or certificates.
        """
        return self.send("POST", "/v1/elevations", {}, body=body, media="application/json", keyed=True, once=once)

    def list_elevations_of_organisation(
        self,
        organisation_id: UUID | str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.ElevationPage:
        """The elevations that were taken for your organisation: who, why, when, and what the review found."""
        return self.send(
            "GET",
            "/v1/organisations/{organisation_id}/elevations",
            {"organisation_id": organisation_id},
            query={"cursor": cursor, "limit": limit},
        )

    def each_elevations_of_organisation(
        self,
        organisation_id: UUID | str,
        *,
        limit: int | None = None,
    ) -> Iterator[shapes.ElevationOut]:
        """Every entry of `list_elevations_of_organisation`, page after page."""
        return self._each(
            "/v1/organisations/{organisation_id}/elevations",
            {"organisation_id": organisation_id},
            {"limit": limit},
        )

    def end_elevation(self, elevation_id: UUID | str, *, once: str | None = None) -> None:
        """End an elevation, yours or a colleague's."""
        return self.send(
            "POST",
            "/v1/elevations/{elevation_id}/end",
            {"elevation_id": elevation_id},
            keyed=True,
            once=once,
        )

    def review_elevation(
        self,
        elevation_id: UUID | str,
        body: shapes.ReviewElevation,
        *,
        once: str | None = None,
    ) -> shapes.ElevationOut:
        """Say, as another person, whether an elevation was justified by what was done under it."""
        return self.send(
            "POST",
            "/v1/elevations/{elevation_id}/review",
            {"elevation_id": elevation_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def set_by_two(self, organisation_id: UUID | str, body: shapes.ByTwo) -> shapes.ByTwo:
        """Say to which acts a colleague has to agree beforehand; changing that is from then on one of them."""
        return self.send(
            "PUT",
            "/v1/organisations/{organisation_id}/by-two",
            {"organisation_id": organisation_id},
            body=body,
            media="application/json",
        )

    def list_intended_acts(
        self,
        organisation_id: UUID | str,
        *,
        state: shapes.IntentState | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.IntendedActPage:
        """What you and your colleagues intend, newest first, as far as you may do the same."""
        return self.send(
            "GET",
            "/v1/organisations/{organisation_id}/intended-acts",
            {"organisation_id": organisation_id},
            query={"state": state, "cursor": cursor, "limit": limit},
        )

    def each_intended_acts(
        self,
        organisation_id: UUID | str,
        *,
        state: shapes.IntentState | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.IntendedActOut]:
        """Every entry of `list_intended_acts`, page after page."""
        return self._each(
            "/v1/organisations/{organisation_id}/intended-acts",
            {"organisation_id": organisation_id},
            {"state": state, "limit": limit},
        )

    def intend_act(
        self,
        organisation_id: UUID | str,
        body: shapes.Intend,
        *,
        once: str | None = None,
    ) -> shapes.IntendedActOut:
        """Say what you are going to do, word for word, for a colleague to agree. It holds for three days."""
        return self.send(
            "POST",
            "/v1/organisations/{organisation_id}/intended-acts",
            {"organisation_id": organisation_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def agree_to_act(self, act_id: UUID | str, *, once: str | None = None) -> shapes.IntendedActOut:
        """Agree, as a colleague who may do the same, to exactly this request; its author then does it, once."""
        return self.send("POST", "/v1/intended-acts/{act_id}/agreement", {"act_id": act_id}, keyed=True, once=once)

    def refuse_act(self, act_id: UUID | str, *, once: str | None = None) -> shapes.IntendedActOut:
        """Refuse what a colleague intends, or take back what you intended, as long as it was not done."""
        return self.send("POST", "/v1/intended-acts/{act_id}/refusal", {"act_id": act_id}, keyed=True, once=once)

    def get_personal_data(self) -> shapes.PersonalDataOut:
        """A copy of what the market holds about you (个人信息查阅、复制)."""
        return self.send("GET", "/v1/me/personal-data", {})

    def correct_name(self, body: shapes.CorrectName) -> None:
        """Correct your name (个人信息更正). What you signed before keeps the name it was signed with."""
        return self.send("PUT", "/v1/me/name", {}, body=body, media="application/json")

    def erase_person(self, *, once: str | None = None) -> shapes.ErasedOut:
        """Leave the market (个人信息删除): your name, login, keys and profile go; what stays is told with its reason."""
        return self.send("POST", "/v1/me/erasure", {}, keyed=True, once=once)

    def sign_in(self, body: shapes.SignIn) -> shapes.SignedInOut:
        """Sign in by name and password, and by a code where you have a second factor."""
        return self.send("POST", "/v1/sessions", {}, body=body, media="application/json")

    def confirm_session(self, body: shapes.GiveCode) -> shapes.SignedInOut:
        """Give the second factor once more, for acts with consequences. Your session goes on under a new token."""
        return self.send("PUT", "/v1/me/session/second-factor", {}, body=body, media="application/json")

    def list_sessions(self) -> shapes.SessionsOut:
        """Your sessions that have not ended, newest first."""
        return self.send("GET", "/v1/me/sessions", {})

    def end_session(self, session_id: UUID | str, *, once: str | None = None) -> None:
        """Sign out: end a session of yours, this one or another."""
        return self.send("POST", "/v1/sessions/{session_id}/end", {"session_id": session_id}, keyed=True, once=once)

    def set_login(self, body: shapes.SetLogin) -> None:
        """Set your name and password; your other sessions end."""
        return self.send("PUT", "/v1/me/login", {}, body=body, media="application/json")

    def begin_second_factor(
        self,
        *,
        body: shapes.BeginSecondFactor | None | None = None,
        once: str | None = None,
    ) -> shapes.SecondFactorOut:
        """A secret for your authenticator app, for your password or a code of the one you have. It counts once
        you have given a code of it.
        """
        return self.send(
            "POST",
            "/v1/me/second-factor",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def set_second_factor(self, body: shapes.GiveCode, *, once: str | None = None) -> shapes.RecoveryCodesOut:
        """Your app shows the right code: from now on it is asked for. The recovery codes are shown once."""
        return self.send(
            "POST",
            "/v1/me/second-factor/confirmation",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def begin_sign_in(self, provider: Value, body: shapes.BeginSignIn) -> shapes.BegunOut:
        """Begin to sign in by an account of another house: send the browser to the address of the answer."""
        return self.send(
            "POST",
            "/v1/sign-in/{provider}",
            {"provider": provider},
            body=body,
            media="application/json",
        )

    def give_sign_in_code(self, provider: Value, body: shapes.GiveCode) -> shapes.SignedInOut:
        """The code of your authenticator, or a recovery code, where you have a second factor here; then you are
        in.
        """
        return self.send(
            "POST",
            "/v1/sign-in/{provider}/code",
            {"provider": provider},
            body=body,
            media="application/json",
        )

    def link_outside_identity(self, provider: Value, body: shapes.BeginLinking) -> shapes.BegunOut:
        """Begin to link an account of yours at another house, in a session of yours and by your password or a
        fresh second factor: send the browser to the address.
        """
        return self.send(
            "POST",
            "/v1/me/outside-identities/{provider}",
            {"provider": provider},
            body=body,
            media="application/json",
        )

    def list_sign_in_providers(self) -> shapes.ProvidersOut:
        """The other houses by whose accounts people can sign in here."""
        return self.send("GET", "/v1/sign-in/providers", {})

    def list_outside_identities(self) -> shapes.OutsideIdentitiesOut:
        """The accounts at other houses that you have linked."""
        return self.send("GET", "/v1/me/outside-identities", {})

    def unlink_outside_identity(self, identity_id: UUID | str, *, once: str | None = None) -> None:
        """Unlink an account: it signs you in no longer, and the sessions it began end."""
        return self.send(
            "POST",
            "/v1/me/outside-identities/{identity_id}/end",
            {"identity_id": identity_id},
            keyed=True,
            once=once,
        )

    def list_rules(
        self,
        *,
        key: str | None = None,
        prefix: str | None = None,
        jurisdiction: str | None = None,
        on: datetime | str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.RulePage:
        """The dated rows of law and market; a unit's own rows are shown to the unit and the market."""
        return self.send(
            "GET",
            "/v1/rules",
            {},
            query={"key": key, "prefix": prefix, "jurisdiction": jurisdiction, "on": on, "cursor": cursor, "limit": limit},
        )

    def each_rules(
        self,
        *,
        key: str | None = None,
        prefix: str | None = None,
        jurisdiction: str | None = None,
        on: datetime | str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.RulebookRuleOut]:
        """Every entry of `list_rules`, page after page."""
        return self._each(
            "/v1/rules",
            {},
            {"key": key, "prefix": prefix, "jurisdiction": jurisdiction, "on": on, "limit": limit},
        )

    def add_rule(
        self,
        body: shapes.AddRule,
        *,
        once: str | None = None,
    ) -> shapes.RulebookRuleOut | shapes.RulebookProposalOut:
        """Add a dated row. It ends the open row it succeeds; running projects keep the row of their own rule
        date. What is charged, and when two people are needed, two operators enter: the first is answered 202.
        """
        return self.send("POST", "/v1/rules", {}, body=body, media="application/json", keyed=True, once=once)

    def list_rule_keys(
        self,
        *,
        prefix: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.RuleKeyPage:
        """What can be set in law and market, by key: how many rows each has, what holds, and what is to come."""
        return self.send("GET", "/v1/rule-keys", {}, query={"prefix": prefix, "cursor": cursor, "limit": limit})

    def each_rule_keys(self, *, prefix: str | None = None, limit: int | None = None) -> Iterator[shapes.RuleKeyOut]:
        """Every entry of `list_rule_keys`, page after page."""
        return self._each("/v1/rule-keys", {}, {"prefix": prefix, "limit": limit})

    def get_rule(self, rule_id: UUID | str) -> shapes.RulebookRuleOut:
        """One row with its source and the strength of its evidence."""
        return self.send("GET", "/v1/rules/{rule_id}", {"rule_id": rule_id})

    def list_rule_proposals(
        self,
        *,
        state: shapes.ProposalState | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.ProposalPage:
        """The rows that wait for a second operator, and what came of the rest, the newest first."""
        return self.send("GET", "/v1/rule-proposals", {}, query={"state": state, "cursor": cursor, "limit": limit})

    def each_rule_proposals(
        self,
        *,
        state: shapes.ProposalState | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.RulebookProposalOut]:
        """Every entry of `list_rule_proposals`, page after page."""
        return self._each("/v1/rule-proposals", {}, {"state": state, "limit": limit})

    def refuse_rule_proposal(
        self,
        proposal_id: UUID | str,
        body: shapes.RefuseProposal,
        *,
        once: str | None = None,
    ) -> shapes.RulebookProposalOut:
        """Send a proposed row back, or take back your own."""
        return self.send(
            "POST",
            "/v1/rule-proposals/{proposal_id}/refusal",
            {"proposal_id": proposal_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def enter_work_days(self, body: shapes.EnterWorkDays, *, once: str | None = None) -> shapes.WorkDaysOut:
        """Enter holidays and make-up working days, and say so when a year is complete."""
        return self.send("POST", "/v1/work-days", {}, body=body, media="application/json", keyed=True, once=once)

    def get_work_year(self, year: Value) -> shapes.WorkYearOut:
        """The holidays and make-up days of a year, as periods are counted over them. Of a year that is missing:
        what the operator has entered so far; a period that reaches into it is refused until he has said that
        it is complete.
        """
        return self.send("GET", "/v1/work-days/{year}", {"year": year})

    def list_ledger_accounts(
        self,
        *,
        book: str | None = None,
        purpose: shapes.PurposeInput | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.AccountPage:
        """The accounts kept for my organisation and those of its own book; the market's finance sees all."""
        return self.send(
            "GET",
            "/v1/ledger/accounts",
            {},
            query={"book": book, "purpose": purpose, "cursor": cursor, "limit": limit},
        )

    def each_ledger_accounts(
        self,
        *,
        book: str | None = None,
        purpose: shapes.PurposeInput | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.LedgerAccountOut]:
        """Every entry of `list_ledger_accounts`, page after page."""
        return self._each("/v1/ledger/accounts", {}, {"book": book, "purpose": purpose, "limit": limit})

    def list_ledger_transfers(
        self,
        account_id: UUID | str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.TransferPage:
        """What moved on one account, the newest first; what went out is negative."""
        return self.send(
            "GET",
            "/v1/ledger/accounts/{account_id}/transfers",
            {"account_id": account_id},
            query={"cursor": cursor, "limit": limit},
        )

    def each_ledger_transfers(
        self,
        account_id: UUID | str,
        *,
        limit: int | None = None,
    ) -> Iterator[shapes.TransferOut]:
        """Every entry of `list_ledger_transfers`, page after page."""
        return self._each(
            "/v1/ledger/accounts/{account_id}/transfers",
            {"account_id": account_id},
            {"limit": limit},
        )

    def state_ledger_account(
        self,
        account_id: UUID | str,
        *,
        from_: datetime | str,
        to: datetime | str,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.AccountStatementOut:
        """A statement of account over whole days: opening balance, every movement with the balance after it,
        closing.
        """
        return self.send(
            "GET",
            "/v1/ledger/accounts/{account_id}/statement",
            {"account_id": account_id},
            query={"from": from_, "to": to, "cursor": cursor, "limit": limit},
        )

    def each_state_ledger_account(
        self,
        account_id: UUID | str,
        *,
        from_: datetime | str,
        to: datetime | str,
        limit: int | None = None,
    ) -> Iterator[shapes.StatementLineOut]:
        """Every entry of `state_ledger_account`, page after page."""
        return self._each(
            "/v1/ledger/accounts/{account_id}/statement",
            {"account_id": account_id},
            {"from": from_, "to": to, "limit": limit},
        )

    def state_ledger_party(
        self,
        org_id: UUID | str,
        *,
        from_: datetime | str,
        to: datetime | str,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.PartyStatementOut:
        """A statement of everything the market keeps for an organisation: escrow, dues paid, deposits, as one
        account.
        """
        return self.send(
            "GET",
            "/v1/ledger/organisations/{org_id}/statement",
            {"org_id": org_id},
            query={"from": from_, "to": to, "cursor": cursor, "limit": limit},
        )

    def each_state_ledger_party(
        self,
        org_id: UUID | str,
        *,
        from_: datetime | str,
        to: datetime | str,
        limit: int | None = None,
    ) -> Iterator[shapes.StatementLineOut]:
        """Every entry of `state_ledger_party`, page after page."""
        return self._each(
            "/v1/ledger/organisations/{org_id}/statement",
            {"org_id": org_id},
            {"from": from_, "to": to, "limit": limit},
        )

    def export_ledger_book(self, book: Value) -> bytes:
        """A whole book as plain-text accounting, to be added up by a program that others wrote (beancount). My
        organisation's own book; the market's finance may take any. Every kept balance is asserted at the end.
        """
        return self.send("GET", "/v1/ledger/books/{book}/journal", {"book": book})

    def check_ledger_balance(self) -> shapes.BalanceCheckOut:
        """Recompute every book from its transfers: each sums to nought and every account agrees."""
        return self.send("GET", "/v1/ledger/balance-check", {})

    def list_bank_lines(
        self,
        *,
        state: shapes.LineStateInput | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.BankLinePage:
        """What the bank has told, oldest first: the desk of the market's finance."""
        return self.send("GET", "/v1/bank/lines", {}, query={"state": state, "cursor": cursor, "limit": limit})

    def each_bank_lines(
        self,
        *,
        state: shapes.LineStateInput | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.BankLineOut]:
        """Every entry of `list_bank_lines`, page after page."""
        return self._each("/v1/bank/lines", {}, {"state": state, "limit": limit})

    def assign_bank_line(
        self,
        line_id: UUID | str,
        body: shapes.Assign,
        *,
        once: str | None = None,
    ) -> shapes.BankLineOut | shapes.MoneyActOut:
        """Say which due unmatched money is for; too little counts as a part, what is over stays the payer's.
        Above the market's limit two people say it.
        """
        return self.send(
            "POST",
            "/v1/bank/lines/{line_id}/assignment",
            {"line_id": line_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def return_bank_line(self, line_id: UUID | str, *, once: str | None = None) -> shapes.BankLineOut:
        """Send unmatched money back to the account it came from."""
        return self.send("POST", "/v1/bank/lines/{line_id}/return", {"line_id": line_id}, keyed=True, once=once)

    def list_dues(
        self,
        *,
        state: shapes.DueState | None = None,
        subject: UUID | str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.DuePage:
        """What my organisation owes or is owed, the newest first; the market sees all."""
        return self.send(
            "GET",
            "/v1/dues",
            {},
            query={"state": state, "subject": subject, "cursor": cursor, "limit": limit},
        )

    def each_dues(
        self,
        *,
        state: shapes.DueState | None = None,
        subject: UUID | str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.DueOut]:
        """Every entry of `list_dues`, page after page."""
        return self._each("/v1/dues", {}, {"state": state, "subject": subject, "limit": limit})

    def get_due(self, due_id: UUID | str) -> shapes.DueOut:
        """One due, for its payer, its payee and the market."""
        return self.send("GET", "/v1/dues/{due_id}", {"due_id": due_id})

    def release_due(self, due_id: UUID | str, *, once: str | None = None) -> shapes.DueOut | shapes.MoneyActOut:
        """Let paid money go to its payee, less the fee by tariff; the payout is instructed. Above the market's
        limit two people do it.
        """
        return self.send("POST", "/v1/dues/{due_id}/release", {"due_id": due_id}, keyed=True, once=once)

    def refund_due(
        self,
        due_id: UUID | str,
        body: shapes.Refund,
        *,
        once: str | None = None,
    ) -> shapes.DueOut | shapes.MoneyActOut:
        """Undo a paid due, by two people: money the market has goes back to the account it came from; what the
        payee has he owes back, by a due of its own.
        """
        return self.send(
            "POST",
            "/v1/dues/{due_id}/refund",
            {"due_id": due_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_payouts(
        self,
        *,
        state: shapes.PayoutState | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.PayoutPage:
        """What was paid out to my organisation or by its payroll, the newest first; the market sees all."""
        return self.send("GET", "/v1/payouts", {}, query={"state": state, "cursor": cursor, "limit": limit})

    def each_payouts(
        self,
        *,
        state: shapes.PayoutState | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.PayoutOut]:
        """Every entry of `list_payouts`, page after page."""
        return self._each("/v1/payouts", {}, {"state": state, "limit": limit})

    def send_payout(self, payout_id: UUID | str, *, once: str | None = None) -> shapes.PayoutOut:
        """Note that the instruction was given to the bank."""
        return self.send("POST", "/v1/payouts/{payout_id}/sending", {"payout_id": payout_id}, keyed=True, once=once)

    def settle_payout(
        self,
        payout_id: UUID | str,
        body: shapes.BankAnswer,
        *,
        once: str | None = None,
    ) -> shapes.PayoutOut | shapes.MoneyActOut:
        """Enter the bank's answer: the money has left, or it could not. Above the market's limit two people say
        that it left, or that what was sent did not; a statement of the bank says it alone.
        """
        return self.send(
            "POST",
            "/v1/payouts/{payout_id}/confirmation",
            {"payout_id": payout_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def renew_payout(self, payout_id: UUID | str, *, once: str | None = None) -> shapes.PayoutOut:
        """Instruct anew what the bank could not pay, for the same reason and amount, while the reason stands."""
        return self.send("POST", "/v1/payouts/{payout_id}/renewal", {"payout_id": payout_id}, keyed=True, once=once)

    def receive_bank_message(self, body: dict[str, Any], *, x_bank_timestamp: str) -> shapes.BankReceiptOut:
        """The bank tells of money that arrived. The same message again gives the first answer and has no second
        effect.
        """
        return self.send(
            "POST",
            "/v1/bank/messages",
            {},
            body=body,
            media="application/json",
            headers={"x-bank-timestamp": x_bank_timestamp},
        )

    def list_money_acts(
        self,
        *,
        state: shapes.ActState | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.MoneyActPage:
        """What waits for a second person of finance, and what came of the rest, the newest first."""
        return self.send("GET", "/v1/bank/acts", {}, query={"state": state, "cursor": cursor, "limit": limit})

    def each_money_acts(
        self,
        *,
        state: shapes.ActState | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.MoneyActOut]:
        """Every entry of `list_money_acts`, page after page."""
        return self._each("/v1/bank/acts", {}, {"state": state, "limit": limit})

    def refuse_money_act(
        self,
        act_id: UUID | str,
        body: shapes.RefuseAct,
        *,
        once: str | None = None,
    ) -> shapes.MoneyActOut:
        """Send back what a colleague asked for, or take back what one asked for oneself."""
        return self.send(
            "POST",
            "/v1/bank/acts/{act_id}/refusal",
            {"act_id": act_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_invoices(
        self,
        *,
        issued: bool | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.InvoicePage:
        """What my organisation has to invoice or is invoiced, the newest first; the market sees all."""
        return self.send("GET", "/v1/invoices", {}, query={"issued": issued, "cursor": cursor, "limit": limit})

    def each_invoices(self, *, issued: bool | None = None, limit: int | None = None) -> Iterator[shapes.InvoiceOut]:
        """Every entry of `list_invoices`, page after page."""
        return self._each("/v1/invoices", {}, {"issued": issued, "limit": limit})

    def issue_invoice(
        self,
        invoice_id: UUID | str,
        body: shapes.IssueInvoice,
        *,
        once: str | None = None,
    ) -> shapes.InvoiceOut:
        """The seller's invoicing system has issued it under this number."""
        return self.send(
            "POST",
            "/v1/invoices/{invoice_id}/issue",
            {"invoice_id": invoice_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def correct_invoice(
        self,
        invoice_id: UUID | str,
        body: shapes.CorrectInvoice,
        *,
        once: str | None = None,
    ) -> shapes.InvoiceOut:
        """Take an issued invoice back and draw it up anew; the answer is the correction, its amounts below
        nought.
        """
        return self.send(
            "POST",
            "/v1/invoices/{invoice_id}/correction",
            {"invoice_id": invoice_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_clock(self) -> shapes.ClockOut:
        """The market's time: the one every deadline is judged by."""
        return self.send("GET", "/v1/clock", {})

    def move_clock(self, body: shapes.MoveClock, *, once: str | None = None) -> shapes.ClockOut:
        """Run a sandbox's clock ahead, so that periods of law can pass; never back, and never on a live market."""
        return self.send("POST", "/v1/clock", {}, body=body, media="application/json", keyed=True, once=once)

    def jump_to_next(self, *, once: str | None = None) -> shapes.ClockOut:
        """Take a sandbox's clock to the next moment at which something is due: a notice or a lot ends, say."""
        return self.send("POST", "/v1/clock/next", {}, keyed=True, once=once)

    def run_clock(self, body: shapes.RunClock) -> shapes.ClockOut:
        """Let a sandbox's clock run faster than the real one, or as fast again with 1."""
        return self.send("PUT", "/v1/clock/rate", {}, body=body, media="application/json")

    def get_signing(self, signing_id: UUID | str) -> shapes.SigningOut:
        """Who must sign which document, who has, and who is next: for its parties and the market."""
        return self.send("GET", "/v1/signings/{signing_id}", {"signing_id": signing_id})

    def list_notices(
        self,
        *,
        kind: shapes.NoticeKind | None = None,
        state: shapes.NoticeState | None = None,
        subject: str | None = None,
        organisation_id: UUID | str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.NoticePage:
        """What stands in public, newest first; beside it what is only for your own organisation."""
        return self.send(
            "GET",
            "/v1/notices",
            {},
            query={"kind": kind, "state": state, "subject": subject, "organisation_id": organisation_id, "cursor": cursor, "limit": limit},
        )

    def each_notices(
        self,
        *,
        kind: shapes.NoticeKind | None = None,
        state: shapes.NoticeState | None = None,
        subject: str | None = None,
        organisation_id: UUID | str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.NoticeLineOut]:
        """Every entry of `list_notices`, page after page."""
        return self._each(
            "/v1/notices",
            {},
            {"kind": kind, "state": state, "subject": subject, "organisation_id": organisation_id, "limit": limit},
        )

    def get_notice(self, notice_id: UUID | str) -> shapes.NoticeOut:
        """A notice: its text, where it stands since when, when it ends, and what became of the objections to it."""
        return self.send("GET", "/v1/notices/{notice_id}", {"notice_id": notice_id})

    def list_notice_versions(self, notice_id: UUID | str) -> shapes.Versions:
        """Every text that stood, of this notice and of those it replaced, with its hash; the first one first."""
        return self.send("GET", "/v1/notices/{notice_id}/versions", {"notice_id": notice_id})

    def get_notice_proof(self, notice_id: UUID | str) -> shapes.NoticeProofOut:
        """What anyone checks offline: the texts byte for byte, and the log's entries that name their hashes and
        times. An entry has its proof once a checkpoint covers it, and the market's signed promise before.
        """
        return self.send("GET", "/v1/notices/{notice_id}/proof", {"notice_id": notice_id})

    def confirm_posting(
        self,
        notice_id: UUID | str,
        body: shapes.ConfirmPosting,
        *,
        once: str | None = None,
    ) -> shapes.PostedNoticeOut:
        """The unit confirms, with evidence, that the notice hangs in its own place, or elsewhere, from now on."""
        return self.send(
            "POST",
            "/v1/notices/{notice_id}/postings",
            {"notice_id": notice_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def correct_notice(
        self,
        notice_id: UUID | str,
        body: shapes.CorrectNotice,
        *,
        once: str | None = None,
    ) -> shapes.NoticeOut:
        """As its owner or an operator, write the same disclosure better; the period goes on, where the kind lets
        it. What other records say (prices, parties, lots) stands in the notice as they say it.
        """
        return self.send(
            "POST",
            "/v1/notices/{notice_id}/corrections",
            {"notice_id": notice_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def replace_notice(
        self,
        notice_id: UUID | str,
        body: shapes.ReplaceNotice,
        *,
        once: str | None = None,
    ) -> shapes.NoticeOut:
        """Put another notice in its place, in other words; its period starts afresh and open objections go with
        it. An announcement and a result are replaced by an operator, the other kinds by their owner, too.
        """
        return self.send(
            "POST",
            "/v1/notices/{notice_id}/replacement",
            {"notice_id": notice_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def read_posting_evidence(self, notice_id: UUID | str, sha256: Value) -> bytes:
        """The proof of a posting, for everyone who reads the notice."""
        return self.send(
            "GET",
            "/v1/notices/{notice_id}/evidence/{sha256}",
            {"notice_id": notice_id, "sha256": sha256},
        )

    def suspend_notice(
        self,
        notice_id: UUID | str,
        body: shapes.SuspendNotice,
        *,
        once: str | None = None,
    ) -> shapes.NoticeOut:
        """The operator stops the clock of a procedure, and says why to everyone."""
        return self.send(
            "POST",
            "/v1/notices/{notice_id}/suspension",
            {"notice_id": notice_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def resume_notice(self, notice_id: UUID | str, *, once: str | None = None) -> shapes.NoticeOut:
        """The operator lets the rest of the period run on; where a rule says so, with days added."""
        return self.send(
            "POST",
            "/v1/notices/{notice_id}/resumption",
            {"notice_id": notice_id},
            keyed=True,
            once=once,
        )

    def allow_price(
        self,
        notice_id: UUID | str,
        body: shapes.AllowPrice,
        *,
        once: str | None = None,
    ) -> shapes.NoticeOut:
        """The operator lets a price be published again to which an objection was upheld, and says why to
        everyone.
        """
        return self.send(
            "POST",
            "/v1/notices/{notice_id}/allowance",
            {"notice_id": notice_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def file_objection(
        self,
        notice_id: UUID | str,
        body: shapes.FileObjection,
        *,
        once: str | None = None,
    ) -> shapes.FiledObjectionOut:
        """Object to a notice while it runs: it pauses, or the lines named wait, until the objection is decided."""
        return self.send(
            "POST",
            "/v1/notices/{notice_id}/objections",
            {"notice_id": notice_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_objections(
        self,
        *,
        notice_id: UUID | str | None = None,
        state: shapes.ObjectionState | None = None,
        overdue: bool | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.ObjectionPage:
        """The objections you filed or that were filed against your notices, newest first; the market sees all of
        them. `overdue` leaves the open ones whose acknowledgement or decision is late.
        """
        return self.send(
            "GET",
            "/v1/objections",
            {},
            query={"notice_id": notice_id, "state": state, "overdue": overdue, "cursor": cursor, "limit": limit},
        )

    def each_objections(
        self,
        *,
        notice_id: UUID | str | None = None,
        state: shapes.ObjectionState | None = None,
        overdue: bool | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.ObjectionOut]:
        """Every entry of `list_objections`, page after page."""
        return self._each(
            "/v1/objections",
            {},
            {"notice_id": notice_id, "state": state, "overdue": overdue, "limit": limit},
        )

    def get_objection(self, objection_id: UUID | str) -> shapes.ObjectionOut:
        """One objection, for its objector, the parties of the notice and the market."""
        return self.send("GET", "/v1/objections/{objection_id}", {"objection_id": objection_id})

    def add_objection_evidence(
        self,
        objection_id: UUID | str,
        body: shapes.AddEvidence,
        *,
        once: str | None = None,
    ) -> shapes.ObjectionOut:
        """Whoever objected brings more evidence while the objection is open."""
        return self.send(
            "POST",
            "/v1/objections/{objection_id}/evidence",
            {"objection_id": objection_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def read_objection_evidence(self, objection_id: UUID | str, sha256: Value) -> bytes:
        """A file that an objection rests on, for those concerned by it."""
        return self.send(
            "GET",
            "/v1/objections/{objection_id}/evidence/{sha256}",
            {"objection_id": objection_id, "sha256": sha256},
        )

    def acknowledge_objection(self, objection_id: UUID | str, *, once: str | None = None) -> shapes.ObjectionOut:
        """Who is to decide says that the objection has arrived and is being looked into."""
        return self.send(
            "POST",
            "/v1/objections/{objection_id}/acknowledgement",
            {"objection_id": objection_id},
            keyed=True,
            once=once,
        )

    def decide_objection(
        self,
        objection_id: UUID | str,
        body: shapes.DecideObjection,
        *,
        once: str | None = None,
    ) -> shapes.ObjectionOut:
        """The operator, or the unit where the kind says so, decides an objection with reasons; the result is
        public.
        """
        return self.send(
            "POST",
            "/v1/objections/{objection_id}/decision",
            {"objection_id": objection_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def withdraw_objection(self, objection_id: UUID | str, *, once: str | None = None) -> shapes.ObjectionOut:
        """Whoever objected takes it back."""
        return self.send(
            "POST",
            "/v1/objections/{objection_id}/withdrawal",
            {"objection_id": objection_id},
            keyed=True,
            once=once,
        )

    def upload_evidence(self, body: bytes, media: str, *, once: str | None = None) -> shapes.EvidenceOut:
        """Keep a photograph, an image of a page or a paper as evidence; postings and objections name it by its
        hash.
        """
        return self.send("POST", "/v1/evidence", {}, body=body, media=media, keyed=True, once=once)

    def list_documents(
        self,
        subject_kind: Value,
        subject_id: UUID | str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.DocumentPage:
        """The documents of the tiers you reach."""
        return self.send(
            "GET",
            "/v1/data-rooms/{subject_kind}/{subject_id}/documents",
            {"subject_kind": subject_kind, "subject_id": subject_id},
            query={"cursor": cursor, "limit": limit},
        )

    def each_documents(
        self,
        subject_kind: Value,
        subject_id: UUID | str,
        *,
        limit: int | None = None,
    ) -> Iterator[shapes.DisclosureDocumentOut]:
        """Every entry of `list_documents`, page after page."""
        return self._each(
            "/v1/data-rooms/{subject_kind}/{subject_id}/documents",
            {"subject_kind": subject_kind, "subject_id": subject_id},
            {"limit": limit},
        )

    def add_document(
        self,
        subject_kind: Value,
        subject_id: UUID | str,
        body: bytes,
        media: str,
        *,
        name: str,
        folder: str | None = None,
        tier: shapes.TierName | None = None,
        by_name: bool | None = None,
        unmarked: bool | None = None,
        once: str | None = None,
    ) -> shapes.DisclosureDocumentOut:
        """Add a document, or its next version, to your data room: the body is the file itself."""
        return self.send(
            "POST",
            "/v1/data-rooms/{subject_kind}/{subject_id}/documents",
            {"subject_kind": subject_kind, "subject_id": subject_id},
            query={"name": name, "folder": folder, "tier": tier, "by_name": by_name, "unmarked": unmarked},
            body=body,
            media=media,
            keyed=True,
            once=once,
        )

    def read_document(self, document_id: UUID | str) -> bytes:
        """The document itself, for whoever reaches its tier; above the public tier a PDF or picture is stamped
        with who read it and when. The reading is recorded, and its owner can see it.
        """
        return self.send("GET", "/v1/documents/{document_id}/content", {"document_id": document_id})

    def list_document_reads(
        self,
        document_id: UUID | str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.AccessPage:
        """Who fetched your document, or was refused it, newest first."""
        return self.send(
            "GET",
            "/v1/documents/{document_id}/reads",
            {"document_id": document_id},
            query={"cursor": cursor, "limit": limit},
        )

    def each_document_reads(
        self,
        document_id: UUID | str,
        *,
        limit: int | None = None,
    ) -> Iterator[shapes.AccessOut]:
        """Every entry of `list_document_reads`, page after page."""
        return self._each("/v1/documents/{document_id}/reads", {"document_id": document_id}, {"limit": limit})

    def list_accesses(
        self,
        subject_kind: Value,
        subject_id: UUID | str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.AccessPage:
        """The access log of your data room: who fetched what, or was refused it, newest first."""
        return self.send(
            "GET",
            "/v1/data-rooms/{subject_kind}/{subject_id}/accesses",
            {"subject_kind": subject_kind, "subject_id": subject_id},
            query={"cursor": cursor, "limit": limit},
        )

    def each_accesses(
        self,
        subject_kind: Value,
        subject_id: UUID | str,
        *,
        limit: int | None = None,
    ) -> Iterator[shapes.AccessOut]:
        """Every entry of `list_accesses`, page after page."""
        return self._each(
            "/v1/data-rooms/{subject_kind}/{subject_id}/accesses",
            {"subject_kind": subject_kind, "subject_id": subject_id},
            {"limit": limit},
        )

    def export_accesses(self, subject_kind: Value, subject_id: UUID | str, *, form: shapes.ExportForm) -> bytes:
        """The whole access log of your data room as a file, oldest first."""
        return self.send(
            "GET",
            "/v1/data-rooms/{subject_kind}/{subject_id}/accesses/export",
            {"subject_kind": subject_kind, "subject_id": subject_id},
            query={"form": form},
        )

    def withdraw_document(
        self,
        document_id: UUID | str,
        body: shapes.WithdrawalIn,
        *,
        once: str | None = None,
    ) -> shapes.DisclosureDocumentOut:
        """Take a document out of your data room; who read it stays on record."""
        return self.send(
            "POST",
            "/v1/documents/{document_id}/withdrawal",
            {"document_id": document_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def set_folder(
        self,
        subject_kind: Value,
        subject_id: UUID | str,
        folder: Value,
        body: shapes.FolderIn,
    ) -> shapes.FolderOut:
        """Give a folder a tier: nothing in it is open below that."""
        return self.send(
            "PUT",
            "/v1/data-rooms/{subject_kind}/{subject_id}/folders/{folder}",
            {"subject_kind": subject_kind, "subject_id": subject_id, "folder": folder},
            body=body,
            media="application/json",
        )

    def grant_document(
        self,
        document_id: UUID | str,
        body: shapes.DocumentGrantIn,
        *,
        once: str | None = None,
    ) -> shapes.GrantOut:
        """Open just this document to a verified organisation, or one person of it, until a time."""
        return self.send(
            "POST",
            "/v1/documents/{document_id}/grants",
            {"document_id": document_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def grant_folder(
        self,
        subject_kind: Value,
        subject_id: UUID | str,
        folder: Value,
        body: shapes.FolderGrantIn,
        *,
        once: str | None = None,
    ) -> shapes.GrantOut:
        """Open just this folder, with what is added to it later, until a time."""
        return self.send(
            "POST",
            "/v1/data-rooms/{subject_kind}/{subject_id}/folders/{folder}/grants",
            {"subject_kind": subject_kind, "subject_id": subject_id, "folder": folder},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_grants(
        self,
        subject_kind: Value,
        subject_id: UUID | str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.GrantPage:
        """Whom your data room is open to, newest first."""
        return self.send(
            "GET",
            "/v1/data-rooms/{subject_kind}/{subject_id}/grants",
            {"subject_kind": subject_kind, "subject_id": subject_id},
            query={"cursor": cursor, "limit": limit},
        )

    def each_grants(
        self,
        subject_kind: Value,
        subject_id: UUID | str,
        *,
        limit: int | None = None,
    ) -> Iterator[shapes.GrantOut]:
        """Every entry of `list_grants`, page after page."""
        return self._each(
            "/v1/data-rooms/{subject_kind}/{subject_id}/grants",
            {"subject_kind": subject_kind, "subject_id": subject_id},
            {"limit": limit},
        )

    def grant_access(
        self,
        subject_kind: Value,
        subject_id: UUID | str,
        body: shapes.GrantIn,
        *,
        once: str | None = None,
    ) -> shapes.GrantOut:
        """Open a tier of your data room until a time; the tier under an agreement only on an agreement on paper."""
        return self.send(
            "POST",
            "/v1/data-rooms/{subject_kind}/{subject_id}/grants",
            {"subject_kind": subject_kind, "subject_id": subject_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def revoke_grant(self, grant_id: UUID | str, *, once: str | None = None) -> shapes.GrantOut:
        """Take a grant back; it ends with the next request."""
        return self.send("POST", "/v1/grants/{grant_id}/revocation", {"grant_id": grant_id}, keyed=True, once=once)

    def ask_access(
        self,
        subject_kind: Value,
        subject_id: UUID | str,
        body: shapes.RequestIn,
        *,
        once: str | None = None,
    ) -> shapes.RequestOut:
        """Ask the owner to open a tier, folders or documents: what for, and until when."""
        return self.send(
            "POST",
            "/v1/data-rooms/{subject_kind}/{subject_id}/access-requests",
            {"subject_kind": subject_kind, "subject_id": subject_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_access_requests(
        self,
        *,
        side: shapes.AccessSide,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.RequestPage:
        """Requests of your side, newest first."""
        return self.send("GET", "/v1/access-requests", {}, query={"side": side, "cursor": cursor, "limit": limit})

    def each_access_requests(
        self,
        *,
        side: shapes.AccessSide,
        limit: int | None = None,
    ) -> Iterator[shapes.RequestOut]:
        """Every entry of `list_access_requests`, page after page."""
        return self._each("/v1/access-requests", {}, {"side": side, "limit": limit})

    def get_access_request(self, request_id: UUID | str) -> shapes.RequestOut:
        """One request with what became of it, for its two sides."""
        return self.send("GET", "/v1/access-requests/{request_id}", {"request_id": request_id})

    def grant_access_request(
        self,
        request_id: UUID | str,
        body: shapes.RequestGrantIn,
        *,
        once: str | None = None,
    ) -> shapes.RequestOut:
        """Open what was asked for, or what you name instead, until a time of your choice; it ends by itself."""
        return self.send(
            "POST",
            "/v1/access-requests/{request_id}/grant",
            {"request_id": request_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def refuse_access_request(
        self,
        request_id: UUID | str,
        body: shapes.RequestRefusalIn,
        *,
        once: str | None = None,
    ) -> shapes.RequestOut:
        """Open nothing, and say why; whoever asked reads it."""
        return self.send(
            "POST",
            "/v1/access-requests/{request_id}/refusal",
            {"request_id": request_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def withdraw_access_request(self, request_id: UUID | str, *, once: str | None = None) -> shapes.RequestOut:
        """Take your organisation's request back."""
        return self.send(
            "POST",
            "/v1/access-requests/{request_id}/withdrawal",
            {"request_id": request_id},
            keyed=True,
            once=once,
        )

    def list_questions(
        self,
        *,
        subject: str,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.QuestionPage:
        """Questions and answers about a subject, newest first."""
        return self.send("GET", "/v1/questions", {}, query={"subject": subject, "cursor": cursor, "limit": limit})

    def each_questions(self, *, subject: str, limit: int | None = None) -> Iterator[shapes.QuestionOut]:
        """Every entry of `list_questions`, page after page."""
        return self._each("/v1/questions", {}, {"subject": subject, "limit": limit})

    def ask_question(self, body: shapes.Ask, *, once: str | None = None) -> shapes.QuestionOut:
        """Ask the owner of a subject. With the answer everyone sees the question; nobody sees who asked."""
        return self.send("POST", "/v1/questions", {}, body=body, media="application/json", keyed=True, once=once)

    def answer_question(
        self,
        question_id: UUID | str,
        body: shapes.AnswerIn,
        *,
        once: str | None = None,
    ) -> shapes.QuestionOut:
        """Answer a question about your subject, for everyone who reaches the tier at once."""
        return self.send(
            "POST",
            "/v1/questions/{question_id}/answer",
            {"question_id": question_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def publish_nda_text(
        self,
        subject_kind: Value,
        subject_id: UUID | str,
        body: shapes.NdaTextIn,
        *,
        once: str | None = None,
    ) -> shapes.NdaTextOut:
        """Publish the next version of what others sign; with `binds_from`, earlier signatures open nothing from
        then.
        """
        return self.send(
            "POST",
            "/v1/data-rooms/{subject_kind}/{subject_id}/nda-texts",
            {"subject_kind": subject_kind, "subject_id": subject_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_nda_texts(self) -> shapes.NdaTextList:
        """The texts that others sign for your organisation's rooms, newest first; the latest two hundred."""
        return self.send("GET", "/v1/nda-texts", {})

    def publish_nda_text_for_all(self, body: shapes.NdaTextIn, *, once: str | None = None) -> shapes.NdaTextOut:
        """Publish the next version of one text for all rooms of your organisation that have no text of their
        own.
        """
        return self.send("POST", "/v1/nda-texts", {}, body=body, media="application/json", keyed=True, once=once)

    def bind_nda_text(
        self,
        nda_text_id: UUID | str,
        body: shapes.BindingIn,
        *,
        once: str | None = None,
    ) -> shapes.NdaTextOut:
        """Say, once, from when only this text opens anything."""
        return self.send(
            "POST",
            "/v1/nda-texts/{nda_text_id}/binding",
            {"nda_text_id": nda_text_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_nda_terms(self, subject_kind: Value, subject_id: UUID | str) -> shapes.NdaTerms:
        """The text to sign for this subject, and what your organisation signed last."""
        return self.send(
            "GET",
            "/v1/data-rooms/{subject_kind}/{subject_id}/nda",
            {"subject_kind": subject_kind, "subject_id": subject_id},
        )

    def sign_nda(
        self,
        subject_kind: Value,
        subject_id: UUID | str,
        body: shapes.SignatureIn,
        *,
        once: str | None = None,
    ) -> shapes.NdaOut:
        """Sign the text as a SIGNATORY of your organisation; without a counter-signature its tier opens at once."""
        return self.send(
            "POST",
            "/v1/data-rooms/{subject_kind}/{subject_id}/ndas",
            {"subject_kind": subject_kind, "subject_id": subject_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def counter_sign_nda(
        self,
        nda_id: UUID | str,
        body: shapes.SignatureIn,
        *,
        once: str | None = None,
    ) -> shapes.NdaOut:
        """Sign it as the owner's SIGNATORY; the tier opens."""
        return self.send(
            "POST",
            "/v1/ndas/{nda_id}/counter-signature",
            {"nda_id": nda_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def decline_nda(self, nda_id: UUID | str, body: shapes.ReasonIn, *, once: str | None = None) -> shapes.NdaOut:
        """As the owner, do not counter-sign, and say why."""
        return self.send(
            "POST",
            "/v1/ndas/{nda_id}/refusal",
            {"nda_id": nda_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def revoke_nda(self, nda_id: UUID | str, body: shapes.ReasonIn, *, once: str | None = None) -> shapes.NdaOut:
        """As the owner, end what it opened, and say why; the next request finds nothing."""
        return self.send(
            "POST",
            "/v1/ndas/{nda_id}/revocation",
            {"nda_id": nda_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_ndas(
        self,
        *,
        side: shapes.NdasSide,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.NdaPage:
        """The agreements of your side, newest first."""
        return self.send("GET", "/v1/ndas", {}, query={"side": side, "cursor": cursor, "limit": limit})

    def each_ndas(self, *, side: shapes.NdasSide, limit: int | None = None) -> Iterator[shapes.NdaOut]:
        """Every entry of `list_ndas`, page after page."""
        return self._each("/v1/ndas", {}, {"side": side, "limit": limit})

    def list_logs(self) -> shapes.LogList:
        """The present log, and those it followed: a restore opens another one, so that no cursor mixes them up."""
        return self.send("GET", "/v1/log", {})

    def list_checkpoints(
        self,
        *,
        cosigned: bool | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.CheckpointPage:
        """Every checkpoint that was signed, the newest first; with `cosigned`, those that a witness has signed
        too.
        """
        return self.send(
            "GET",
            "/v1/log/checkpoints",
            {},
            query={"cosigned": cosigned, "cursor": cursor, "limit": limit},
        )

    def each_checkpoints(
        self,
        *,
        cosigned: bool | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.CheckpointOut]:
        """Every entry of `list_checkpoints`, page after page."""
        return self._each("/v1/log/checkpoints", {}, {"cosigned": cosigned, "limit": limit})

    def get_checkpoint(self) -> shapes.CheckpointOut:
        """The newest signed checkpoint of the log, as a C2SP signed note."""
        return self.send("GET", "/v1/log/checkpoint", {})

    def list_leaves(self, *, cursor: str | None = None, limit: int | None = None) -> shapes.LeafPage:
        """The leaf hashes of the log in order: enough to recompute every root, and nothing that tells what
        happened.
        """
        return self.send("GET", "/v1/log/leaves", {}, query={"cursor": cursor, "limit": limit})

    def each_leaves(self, *, limit: int | None = None) -> Iterator[shapes.LeafOut]:
        """Every entry of `list_leaves`, page after page."""
        return self._each("/v1/log/leaves", {}, {"limit": limit})

    def get_log_entry(self, entry_id: UUID | str) -> shapes.TransparencyEntryOut:
        """An entry with its salt, for the organisation that made it and for the market."""
        return self.send("GET", "/v1/log/entries/{entry_id}", {"entry_id": entry_id})

    def get_log_proof(self, entry_id: UUID | str) -> shapes.ProofOut:
        """The inclusion proof of an entry under the newest checkpoint."""
        return self.send("GET", "/v1/log/entries/{entry_id}/proof", {"entry_id": entry_id})

    def get_log_consistency(self, *, from_: int, to: int) -> shapes.ConsistencyOut:
        """The proof that a later log only added to an earlier one."""
        return self.send("GET", "/v1/log/consistency", {}, query={"from": from_, "to": to})

    def search_audit(
        self,
        *,
        organisation_id: UUID | str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        person_id: UUID | str | None = None,
        about: str | None = None,
        kind: list[str] | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        elevation_id: UUID | str | None = None,
    ) -> shapes.AuditPage:
        """As an operator, look back over everything, newest first. Each look is an entry of the journal itself."""
        return self.send(
            "GET",
            "/v1/audit",
            {},
            query={"organisation_id": organisation_id, "cursor": cursor, "limit": limit, "person_id": person_id, "about": about, "kind": kind, "since": since, "until": until, "elevation_id": elevation_id},
        )

    def each_search_audit(
        self,
        *,
        organisation_id: UUID | str | None = None,
        limit: int | None = None,
        person_id: UUID | str | None = None,
        about: str | None = None,
        kind: list[str] | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        elevation_id: UUID | str | None = None,
    ) -> Iterator[shapes.AuditOut]:
        """Every entry of `search_audit`, page after page."""
        return self._each(
            "/v1/audit",
            {},
            {"organisation_id": organisation_id, "limit": limit, "person_id": person_id, "about": about, "kind": kind, "since": since, "until": until, "elevation_id": elevation_id},
        )

    def search_audit_of_organisation(
        self,
        organisation_id: UUID | str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        person_id: UUID | str | None = None,
        about: str | None = None,
        kind: list[str] | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        elevation_id: UUID | str | None = None,
    ) -> shapes.AuditPage:
        """What happened in an organisation, newest first: who, what, when, by which credential, on what. What
        others did that names it is told with their office alone.
        """
        return self.send(
            "GET",
            "/v1/organisations/{organisation_id}/audit",
            {"organisation_id": organisation_id},
            query={"cursor": cursor, "limit": limit, "person_id": person_id, "about": about, "kind": kind, "since": since, "until": until, "elevation_id": elevation_id},
        )

    def each_search_audit_of_organisation(
        self,
        organisation_id: UUID | str,
        *,
        limit: int | None = None,
        person_id: UUID | str | None = None,
        about: str | None = None,
        kind: list[str] | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        elevation_id: UUID | str | None = None,
    ) -> Iterator[shapes.AuditOut]:
        """Every entry of `search_audit_of_organisation`, page after page."""
        return self._each(
            "/v1/organisations/{organisation_id}/audit",
            {"organisation_id": organisation_id},
            {"limit": limit, "person_id": person_id, "about": about, "kind": kind, "since": since, "until": until, "elevation_id": elevation_id},
        )

    def download_audit(
        self,
        *,
        organisation_id: UUID | str | None = None,
        person_id: UUID | str | None = None,
        about: str | None = None,
        kind: list[str] | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        elevation_id: UUID | str | None = None,
    ) -> bytes:
        """The same as JSON Lines, at most 100,000 entries."""
        return self.send(
            "GET",
            "/v1/audit.jsonl",
            {},
            query={"organisation_id": organisation_id, "person_id": person_id, "about": about, "kind": kind, "since": since, "until": until, "elevation_id": elevation_id},
        )

    def download_audit_table(
        self,
        *,
        organisation_id: UUID | str | None = None,
        person_id: UUID | str | None = None,
        about: str | None = None,
        kind: list[str] | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        elevation_id: UUID | str | None = None,
    ) -> bytes:
        """The same as a table, at most 100,000 entries."""
        return self.send(
            "GET",
            "/v1/audit.csv",
            {},
            query={"organisation_id": organisation_id, "person_id": person_id, "about": about, "kind": kind, "since": since, "until": until, "elevation_id": elevation_id},
        )

    def download_audit_of_organisation(
        self,
        organisation_id: UUID | str,
        *,
        person_id: UUID | str | None = None,
        about: str | None = None,
        kind: list[str] | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        elevation_id: UUID | str | None = None,
    ) -> bytes:
        """What happened in an organisation, as JSON Lines, at most 100,000 entries."""
        return self.send(
            "GET",
            "/v1/organisations/{organisation_id}/audit.jsonl",
            {"organisation_id": organisation_id},
            query={"person_id": person_id, "about": about, "kind": kind, "since": since, "until": until, "elevation_id": elevation_id},
        )

    def download_audit_table_of_organisation(
        self,
        organisation_id: UUID | str,
        *,
        person_id: UUID | str | None = None,
        about: str | None = None,
        kind: list[str] | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        elevation_id: UUID | str | None = None,
    ) -> bytes:
        """What happened in an organisation, as a table, at most 100,000 entries."""
        return self.send(
            "GET",
            "/v1/organisations/{organisation_id}/audit.csv",
            {"organisation_id": organisation_id},
            query={"person_id": person_id, "about": about, "kind": kind, "since": since, "until": until, "elevation_id": elevation_id},
        )

    def list_commitments(self, *, cursor: str | None = None, limit: int | None = None) -> shapes.CommitmentPage:
        """Your organisation's commitments, the newest first."""
        return self.send("GET", "/v1/commitments", {}, query={"cursor": cursor, "limit": limit})

    def each_commitments(self, *, limit: int | None = None) -> Iterator[shapes.CommitmentOut]:
        """Every entry of `list_commitments`, page after page."""
        return self._each("/v1/commitments", {}, {"limit": limit})

    def create_commitment(self, body: shapes.Commit, *, once: str | None = None) -> shapes.CommitmentOut:
        """Log a blinded digest: proof, later, that you knew the document now; until then nobody learns what it
        is.
        """
        return self.send("POST", "/v1/commitments", {}, body=body, media="application/json", keyed=True, once=once)

    def get_commitment(self, commitment_id: UUID | str) -> shapes.CommitmentOut:
        """A commitment: your own, or any that was revealed."""
        return self.send("GET", "/v1/commitments/{commitment_id}", {"commitment_id": commitment_id})

    def reveal_commitment(
        self,
        commitment_id: UUID | str,
        body: shapes.Reveal,
        *,
        once: str | None = None,
    ) -> shapes.CommitmentOut:
        """Open a commitment: salt and document hash become public, and anyone can check them against the digest."""
        return self.send(
            "POST",
            "/v1/commitments/{commitment_id}/revelation",
            {"commitment_id": commitment_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_commitment_proof(self, commitment_id: UUID | str) -> Any:
        """The commitment as a file that `techmarket verify` checks with no network."""
        return self.send("GET", "/v1/commitments/{commitment_id}/proof", {"commitment_id": commitment_id})

    def get_tlog_checkpoint(self) -> bytes:
        """The newest checkpoint as a signed note, with the lines of the witnesses that have signed it."""
        return self.send("GET", "/tlog/checkpoint", {})

    def get_tlog_entries(self, index: Value) -> bytes:
        """There are no entry bundles: most entries are not for everyone. Who may see one fetches it with its
        proof.
        """
        return self.send("GET", "/tlog/tile/entries/{index}", {"index": index})

    def get_tlog_tile(self, level: Value, index: Value) -> bytes:
        """A tile of the tree: up to 256 hashes one after the other."""
        return self.send("GET", "/tlog/tile/{level}/{index}", {"level": level, "index": index})

    def list_achievements(
        self,
        *,
        idle: bool | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.AchievementPage:
        """What concerns you, newest first: your unit's achievements, those it co-owns, those you completed."""
        return self.send("GET", "/v1/achievements", {}, query={"idle": idle, "cursor": cursor, "limit": limit})

    def each_achievements(
        self,
        *,
        idle: bool | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.AchievementOut]:
        """Every entry of `list_achievements`, page after page."""
        return self._each("/v1/achievements", {}, {"idle": idle, "limit": limit})

    def create_achievement(self, body: shapes.AchievementIn, *, once: str | None = None) -> shapes.AchievementOut:
        """Write down an achievement, as a draft of your unit."""
        return self.send("POST", "/v1/achievements", {}, body=body, media="application/json", keyed=True, once=once)

    def get_achievement(self, achievement_id: UUID | str) -> shapes.AchievementOut:
        """One achievement with its rights, owners, completers and burdens; the ETag is for changing it."""
        return self.send("GET", "/v1/achievements/{achievement_id}", {"achievement_id": achievement_id})

    def amend_achievement(
        self,
        achievement_id: UUID | str,
        body: shapes.AchievementIn,
        *,
        if_match: str,
    ) -> shapes.AchievementOut:
        """Correct an achievement: fields that you send replace the present ones, fields left out stay as they
        are.
        """
        return self.send(
            "PATCH",
            "/v1/achievements/{achievement_id}",
            {"achievement_id": achievement_id},
            body=body,
            media="application/json",
            if_match=if_match,
        )

    def record_achievement(self, achievement_id: UUID | str, *, once: str | None = None) -> shapes.AchievementOut:
        """Put a draft on record, so that it may be offered."""
        return self.send(
            "POST",
            "/v1/achievements/{achievement_id}/record",
            {"achievement_id": achievement_id},
            keyed=True,
            once=once,
        )

    def retire_achievement(self, achievement_id: UUID | str, *, once: str | None = None) -> shapes.AchievementOut:
        """Take an achievement out of use: nothing new is sold of it."""
        return self.send(
            "POST",
            "/v1/achievements/{achievement_id}/retirement",
            {"achievement_id": achievement_id},
            keyed=True,
            once=once,
        )

    def confirm_completers(
        self,
        achievement_id: UUID | str,
        body: shapes.ConfirmCompleters,
        *,
        once: str | None = None,
    ) -> shapes.AchievementOut:
        """As a completer, confirm that these people made it, in this order."""
        return self.send(
            "POST",
            "/v1/achievements/{achievement_id}/confirmation",
            {"achievement_id": achievement_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_achievement_versions(
        self,
        achievement_id: UUID | str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.VersionPage:
        """What was changed when, newest first."""
        return self.send(
            "GET",
            "/v1/achievements/{achievement_id}/versions",
            {"achievement_id": achievement_id},
            query={"cursor": cursor, "limit": limit},
        )

    def each_achievement_versions(
        self,
        achievement_id: UUID | str,
        *,
        limit: int | None = None,
    ) -> Iterator[shapes.AchievementsVersionOut]:
        """Every entry of `list_achievement_versions`, page after page."""
        return self._each(
            "/v1/achievements/{achievement_id}/versions",
            {"achievement_id": achievement_id},
            {"limit": limit},
        )

    def record_encumbrance(
        self,
        achievement_id: UUID | str,
        body: shapes.RecordBurden,
        *,
        once: str | None = None,
    ) -> shapes.AchievementOut:
        """Record what binds your achievement from outside the market: a licence, a pledge, a seizure."""
        return self.send(
            "POST",
            "/v1/achievements/{achievement_id}/encumbrances",
            {"achievement_id": achievement_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def declare_open_licence(
        self,
        achievement_id: UUID | str,
        body: shapes.DeclareOpenLicence,
        *,
        once: str | None = None,
    ) -> shapes.AchievementOut:
        """Offer one of its patents to everybody at a published fee; release the burden to withdraw the
        statement.
        """
        return self.send(
            "POST",
            "/v1/achievements/{achievement_id}/open-licences",
            {"achievement_id": achievement_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def release_encumbrance(
        self,
        encumbrance_id: UUID | str,
        body: shapes.ReleaseBurden,
        *,
        once: str | None = None,
    ) -> shapes.AchievementOut:
        """Show that what you recorded no longer binds. A pledge or a seizure binds until that is confirmed."""
        return self.send(
            "POST",
            "/v1/encumbrances/{encumbrance_id}/release",
            {"encumbrance_id": encumbrance_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def record_pledgee_consent(
        self,
        encumbrance_id: UUID | str,
        body: shapes.PledgeeConsent,
        *,
        once: str | None = None,
    ) -> shapes.AchievementOut:
        """Show that the pledgee agrees, in writing, to a sale or a licence. It counts once that is confirmed."""
        return self.send(
            "POST",
            "/v1/encumbrances/{encumbrance_id}/consent",
            {"encumbrance_id": encumbrance_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_evaluations(
        self,
        achievement_id: UUID | str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.EvaluationPage:
        """What was found about it, newest first."""
        return self.send(
            "GET",
            "/v1/achievements/{achievement_id}/evaluations",
            {"achievement_id": achievement_id},
            query={"cursor": cursor, "limit": limit},
        )

    def each_evaluations(
        self,
        achievement_id: UUID | str,
        *,
        limit: int | None = None,
    ) -> Iterator[shapes.EvaluationOut]:
        """Every entry of `list_evaluations`, page after page."""
        return self._each(
            "/v1/achievements/{achievement_id}/evaluations",
            {"achievement_id": achievement_id},
            {"limit": limit},
        )

    def record_evaluation(
        self,
        achievement_id: UUID | str,
        body: shapes.RecordEvaluation,
        *,
        once: str | None = None,
    ) -> shapes.EvaluationOut:
        """Record what somebody found about it: five values, each by itself, with the hash of the report."""
        return self.send(
            "POST",
            "/v1/achievements/{achievement_id}/evaluations",
            {"achievement_id": achievement_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def withdraw_evaluation(self, evaluation_id: UUID | str, *, once: str | None = None) -> shapes.EvaluationOut:
        """Take back what you recorded wrongly; it stays readable as withdrawn."""
        return self.send(
            "POST",
            "/v1/evaluations/{evaluation_id}/withdrawal",
            {"evaluation_id": evaluation_id},
            keyed=True,
            once=once,
        )

    def list_approvals(self, *, cursor: str | None = None, limit: int | None = None) -> shapes.ApprovalPage:
        """The approvals of your unit, newest first."""
        return self.send("GET", "/v1/approvals", {}, query={"cursor": cursor, "limit": limit})

    def each_approvals(self, *, limit: int | None = None) -> Iterator[shapes.ApprovalOut]:
        """Every entry of `list_approvals`, page after page."""
        return self._each("/v1/approvals", {}, {"limit": limit})

    def draw_up_approval(self, body: shapes.DrawUpApproval, *, once: str | None = None) -> shapes.ApprovalOut:
        """Write down what your unit decided, on which evidence, and call the members named to sign it."""
        return self.send("POST", "/v1/approvals", {}, body=body, media="application/json", keyed=True, once=once)

    def get_approval(self, approval_id: UUID | str) -> shapes.ApprovalOut:
        """One approval with the text that is signed."""
        return self.send("GET", "/v1/approvals/{approval_id}", {"approval_id": approval_id})

    def sign_approval(
        self,
        approval_id: UUID | str,
        body: shapes.SignApproval,
        *,
        once: str | None = None,
    ) -> shapes.ApprovalOut:
        """Sign as one of the members named; with the last signature the approval is in force."""
        return self.send(
            "POST",
            "/v1/approvals/{approval_id}/signature",
            {"approval_id": approval_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def revoke_approval(self, approval_id: UUID | str, *, once: str | None = None) -> shapes.ApprovalOut:
        """Take it back: no award rests on it from now on; one that was made stands."""
        return self.send(
            "POST",
            "/v1/approvals/{approval_id}/revocation",
            {"approval_id": approval_id},
            keyed=True,
            once=once,
        )

    def list_attestations(
        self,
        *,
        state: shapes.AttestationState | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.AttestationPage:
        """What was said of burdens on your unit's achievements, or of your pledges; the market's queue shows
        all.
        """
        return self.send("GET", "/v1/attestations", {}, query={"state": state, "cursor": cursor, "limit": limit})

    def each_attestations(
        self,
        *,
        state: shapes.AttestationState | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.AttestationsAttestationOut]:
        """Every entry of `list_attestations`, page after page."""
        return self._each("/v1/attestations", {}, {"state": state, "limit": limit})

    def get_attestation(self, attestation_id: UUID | str) -> shapes.AttestationsAttestationOut:
        """One of them: for the unit, the holder of the burden, and the market."""
        return self.send("GET", "/v1/attestations/{attestation_id}", {"attestation_id": attestation_id})

    def read_attestation_evidence(self, attestation_id: UUID | str) -> bytes:
        """The file it rests on, for those who may read it."""
        return self.send("GET", "/v1/attestations/{attestation_id}/evidence", {"attestation_id": attestation_id})

    def confirm_attestation(
        self,
        attestation_id: UUID | str,
        *,
        once: str | None = None,
    ) -> shapes.AttestationsAttestationOut:
        """You have seen the file and it holds (operator, or the pledgee's own organisation): now it counts."""
        return self.send(
            "POST",
            "/v1/attestations/{attestation_id}/confirmation",
            {"attestation_id": attestation_id},
            keyed=True,
            once=once,
        )

    def refuse_attestation(
        self,
        attestation_id: UUID | str,
        body: shapes.RefuseAttestation,
        *,
        once: str | None = None,
    ) -> shapes.AttestationsAttestationOut:
        """It does not hold, and why; the burden goes on."""
        return self.send(
            "POST",
            "/v1/attestations/{attestation_id}/refusal",
            {"attestation_id": attestation_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def withdraw_attestation(
        self,
        attestation_id: UUID | str,
        *,
        once: str | None = None,
    ) -> shapes.AttestationsAttestationOut:
        """Take back what your unit said, as long as nobody has decided on it."""
        return self.send(
            "POST",
            "/v1/attestations/{attestation_id}/withdrawal",
            {"attestation_id": attestation_id},
            keyed=True,
            once=once,
        )

    def ask_consents(
        self,
        achievement_id: UUID | str,
        body: shapes.AskConsents,
        *,
        once: str | None = None,
    ) -> shapes.ConsentList:
        """Ask the co-owners of your achievement to sign a standing consent to every sale within a scope."""
        return self.send(
            "POST",
            "/v1/achievements/{achievement_id}/consents",
            {"achievement_id": achievement_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_consents(
        self,
        *,
        achievement_id: UUID | str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.ConsentPage:
        """What you are asked for or gave, and what the co-owners of your unit's achievements said; newest first."""
        return self.send(
            "GET",
            "/v1/consents",
            {},
            query={"achievement_id": achievement_id, "cursor": cursor, "limit": limit},
        )

    def each_consents(
        self,
        *,
        achievement_id: UUID | str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.ConsentOut]:
        """Every entry of `list_consents`, page after page."""
        return self._each("/v1/consents", {}, {"achievement_id": achievement_id, "limit": limit})

    def get_consent(self, consent_id: UUID | str) -> shapes.ConsentOut:
        """One consent with the text that is signed."""
        return self.send("GET", "/v1/consents/{consent_id}", {"consent_id": consent_id})

    def get_consent_proof(self, consent_id: UUID | str) -> shapes.ConsentProofOut:
        """What `techmarket verify` checks offline: the text byte for byte, who was asked, who signed it and
        when.
        """
        return self.send("GET", "/v1/consents/{consent_id}/proof", {"consent_id": consent_id})

    def sign_consent(
        self,
        consent_id: UUID | str,
        body: shapes.SignConsent,
        *,
        once: str | None = None,
    ) -> shapes.ConsentOut:
        """Sign the text that was written for you or your organisation; from now on your consent counts."""
        return self.send(
            "POST",
            "/v1/consents/{consent_id}/signature",
            {"consent_id": consent_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def withdraw_consent(self, consent_id: UUID | str, *, once: str | None = None) -> shapes.ConsentOut:
        """Decline, or take your consent back, until a sale that needs it is announced."""
        return self.send(
            "POST",
            "/v1/consents/{consent_id}/withdrawal",
            {"consent_id": consent_id},
            keyed=True,
            once=once,
        )

    def list_vestings(
        self,
        achievement_id: UUID | str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.VestingPage:
        """Every application for this achievement, newest first."""
        return self.send(
            "GET",
            "/v1/achievements/{achievement_id}/vestings",
            {"achievement_id": achievement_id},
            query={"cursor": cursor, "limit": limit},
        )

    def each_vestings(self, achievement_id: UUID | str, *, limit: int | None = None) -> Iterator[shapes.VestingOut]:
        """Every entry of `list_vestings`, page after page."""
        return self._each(
            "/v1/achievements/{achievement_id}/vestings",
            {"achievement_id": achievement_id},
            {"limit": limit},
        )

    def apply_for_vesting(
        self,
        achievement_id: UUID | str,
        body: shapes.ApplyForVesting,
        *,
        once: str | None = None,
    ) -> shapes.VestingOut:
        """As a completer, apply for a share of the title or a long-term use right of what you made."""
        return self.send(
            "POST",
            "/v1/achievements/{achievement_id}/vestings",
            {"achievement_id": achievement_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_vesting(self, vesting_id: UUID | str) -> shapes.VestingOut:
        """One vesting with the agreement that is signed."""
        return self.send("GET", "/v1/vestings/{vesting_id}", {"vesting_id": vesting_id})

    def approve_vesting(
        self,
        vesting_id: UUID | str,
        body: shapes.ApproveVesting,
        *,
        once: str | None = None,
    ) -> shapes.VestingOut:
        """As the unit, approve it: nothing excludes it, and its publicity among your people begins with its
        posting.
        """
        return self.send(
            "POST",
            "/v1/vestings/{vesting_id}/approval",
            {"vesting_id": vesting_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def refuse_vesting(
        self,
        vesting_id: UUID | str,
        body: shapes.RefuseVesting,
        *,
        once: str | None = None,
    ) -> shapes.VestingOut:
        """As the unit, do not grant it, with the reason."""
        return self.send(
            "POST",
            "/v1/vestings/{vesting_id}/refusal",
            {"vesting_id": vesting_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def open_vesting_signing(
        self,
        vesting_id: UUID | str,
        body: shapes.OpenVestingSigning,
        *,
        once: str | None = None,
    ) -> shapes.VestingOut:
        """After the publicity, call unit and completers to sign what they agreed on."""
        return self.send(
            "POST",
            "/v1/vestings/{vesting_id}/signing",
            {"vesting_id": vesting_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def sign_vesting(
        self,
        vesting_id: UUID | str,
        body: shapes.SignVesting,
        *,
        once: str | None = None,
    ) -> shapes.VestingOut:
        """Sign. With the last signature the title changes, or the use right is on record, in one commit."""
        return self.send(
            "POST",
            "/v1/vestings/{vesting_id}/signatures",
            {"vesting_id": vesting_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def withdraw_vesting(self, vesting_id: UUID | str, *, once: str | None = None) -> shapes.VestingOut:
        """Take it back before all have signed, as the applicant or the unit."""
        return self.send(
            "POST",
            "/v1/vestings/{vesting_id}/withdrawal",
            {"vesting_id": vesting_id},
            keyed=True,
            once=once,
        )

    def list_listings(
        self,
        *,
        kind: shapes.ListingKind | None = None,
        state: shapes.ListingState | None = None,
        mine: bool | None = None,
        node: UUID | str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.ListingPage:
        """Offers and demands, newest first: those in public, or your own; the market sees every state."""
        return self.send(
            "GET",
            "/v1/listings",
            {},
            query={"kind": kind, "state": state, "mine": mine, "node": node, "cursor": cursor, "limit": limit},
        )

    def each_listings(
        self,
        *,
        kind: shapes.ListingKind | None = None,
        state: shapes.ListingState | None = None,
        mine: bool | None = None,
        node: UUID | str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.ListingOut]:
        """Every entry of `list_listings`, page after page."""
        return self._each(
            "/v1/listings",
            {},
            {"kind": kind, "state": state, "mine": mine, "node": node, "limit": limit},
        )

    def create_listing(
        self,
        body: shapes.OfferIn | shapes.DemandIn,
        *,
        once: str | None = None,
    ) -> shapes.ListingOut:
        """Draft an offer or a demand; nobody else sees it."""
        return self.send("POST", "/v1/listings", {}, body=body, media="application/json", keyed=True, once=once)

    def get_listing(self, listing_id: UUID | str) -> shapes.ListingOut:
        """One listing, cut to your tier. The ETag is a hash of what you see."""
        return self.send("GET", "/v1/listings/{listing_id}", {"listing_id": listing_id})

    def update_listing_terms(
        self,
        listing_id: UUID | str,
        body: shapes.OfferIn | shapes.DemandIn,
        *,
        if_match: str,
    ) -> shapes.ListingOut:
        """Write a new version of all terms. A published listing whose public face changes goes back to review."""
        return self.send(
            "PUT",
            "/v1/listings/{listing_id}/terms",
            {"listing_id": listing_id},
            body=body,
            media="application/json",
            if_match=if_match,
        )

    def ask_listing_consents(self, listing_id: UUID | str, *, once: str | None = None) -> shapes.ConsentsAsked:
        """Ask the co-owners of what you offer to sign their consent to this version of its terms."""
        return self.send(
            "POST",
            "/v1/listings/{listing_id}/consents",
            {"listing_id": listing_id},
            keyed=True,
            once=once,
        )

    def submit_listing(self, listing_id: UUID | str, *, once: str | None = None) -> shapes.ListingOut:
        """Ask for review. Submitting twice is harmless."""
        return self.send(
            "POST",
            "/v1/listings/{listing_id}/submission",
            {"listing_id": listing_id},
            keyed=True,
            once=once,
        )

    def publish_listing(self, listing_id: UUID | str, *, once: str | None = None) -> shapes.ListingOut:
        """As its owner, publish what was accepted and held back."""
        return self.send(
            "POST",
            "/v1/listings/{listing_id}/publication",
            {"listing_id": listing_id},
            keyed=True,
            once=once,
        )

    def withdraw_listing(self, listing_id: UUID | str, *, once: str | None = None) -> shapes.ListingOut:
        """Take it back for good."""
        return self.send(
            "POST",
            "/v1/listings/{listing_id}/withdrawal",
            {"listing_id": listing_id},
            keyed=True,
            once=once,
        )

    def renew_listing(
        self,
        listing_id: UUID | str,
        body: shapes.RenewIn,
        *,
        once: str | None = None,
    ) -> shapes.ListingOut:
        """Set a later last day; an expired listing is public again."""
        return self.send(
            "POST",
            "/v1/listings/{listing_id}/renewal",
            {"listing_id": listing_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_listing_versions(self, listing_id: UUID | str) -> shapes.VersionList:
        """Every version of a listing by number, hash and hour; for its owner and the market."""
        return self.send("GET", "/v1/listings/{listing_id}/versions", {"listing_id": listing_id})

    def act_on_listings(self, body: shapes.ActionIn, *, once: str | None = None) -> shapes.ActionOut:
        """Submit, renew or withdraw at most 200 of your listings; each is decided by itself and answered."""
        return self.send(
            "POST",
            "/v1/listing-actions",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def accept_listing(
        self,
        listing_id: UUID | str,
        body: shapes.AcceptIn,
        *,
        once: str | None = None,
    ) -> shapes.ListingOut:
        """As an operator, accept it: it is published, or waits for its owner where he holds that back."""
        return self.send(
            "POST",
            "/v1/listings/{listing_id}/acceptance",
            {"listing_id": listing_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def return_listing(
        self,
        listing_id: UUID | str,
        body: shapes.ReturnIn,
        *,
        once: str | None = None,
    ) -> shapes.ListingOut:
        """As an operator, return it with a reason, or take a published one down."""
        return self.send(
            "POST",
            "/v1/listings/{listing_id}/return",
            {"listing_id": listing_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_review_queue(
        self,
        *,
        kind: shapes.ListingKind | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.QueuePage:
        """As an operator, what waits for review, the longest waiting first, with what is new in it."""
        return self.send("GET", "/v1/listing-reviews", {}, query={"kind": kind, "cursor": cursor, "limit": limit})

    def each_review_queue(
        self,
        *,
        kind: shapes.ListingKind | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.QueueLineOut]:
        """Every entry of `list_review_queue`, page after page."""
        return self._each("/v1/listing-reviews", {}, {"kind": kind, "limit": limit})

    def review_listings(self, body: shapes.ReviewIn, *, once: str | None = None) -> shapes.ReviewOut:
        """As an operator, decide a pile of at most 500; each listing is decided by itself and answered."""
        return self.send(
            "POST",
            "/v1/listing-reviews",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_listing_reviews(self, listing_id: UUID | str) -> shapes.PastReviews:
        """What operators decided about a listing and why, newest first; for its owner and the market."""
        return self.send("GET", "/v1/listings/{listing_id}/reviews", {"listing_id": listing_id})

    def list_scenario_lists(
        self,
        *,
        mine: bool | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.ScenarioListPage:
        """Scenario lists in public, newest first, or your own."""
        return self.send("GET", "/v1/scenario-lists", {}, query={"mine": mine, "cursor": cursor, "limit": limit})

    def each_scenario_lists(
        self,
        *,
        mine: bool | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.ScenarioListOut]:
        """Every entry of `list_scenario_lists`, page after page."""
        return self._each("/v1/scenario-lists", {}, {"mine": mine, "limit": limit})

    def create_scenario_list(
        self,
        body: shapes.ScenarioListIn,
        *,
        once: str | None = None,
    ) -> shapes.ScenarioListOut:
        """Begin a scenario list of published demands; nobody else sees it."""
        return self.send(
            "POST",
            "/v1/scenario-lists",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_scenario_list(self, list_id: UUID | str) -> shapes.ScenarioListOut:
        """One scenario list with its demands. The ETag is a hash of what you see."""
        return self.send("GET", "/v1/scenario-lists/{list_id}", {"list_id": list_id})

    def update_scenario_list(
        self,
        list_id: UUID | str,
        body: shapes.ScenarioListIn,
        *,
        if_match: str,
    ) -> shapes.ScenarioListOut:
        """Change a scenario list. One in public leaves it until an operator has read its new words."""
        return self.send(
            "PUT",
            "/v1/scenario-lists/{list_id}",
            {"list_id": list_id},
            body=body,
            media="application/json",
            if_match=if_match,
        )

    def publish_scenario_list(
        self,
        list_id: UUID | str,
        *,
        if_match: str,
        once: str | None = None,
    ) -> shapes.ScenarioListOut:
        """As an operator, let the public see the scenario list that you have read."""
        return self.send(
            "POST",
            "/v1/scenario-lists/{list_id}/publication",
            {"list_id": list_id},
            keyed=True,
            once=once,
            if_match=if_match,
        )

    def close_scenario_list(self, list_id: UUID | str, *, once: str | None = None) -> shapes.ScenarioListOut:
        """End a scenario list; its demands stay as they are."""
        return self.send(
            "POST",
            "/v1/scenario-lists/{list_id}/closing",
            {"list_id": list_id},
            keyed=True,
            once=once,
        )

    def list_trades(
        self,
        *,
        state: shapes.TradeState | None = None,
        mine: bool | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.TradePage:
        """Announced trades, newest first; one's own in every state."""
        return self.send(
            "GET",
            "/v1/trades",
            {},
            query={"state": state, "mine": mine, "cursor": cursor, "limit": limit},
        )

    def each_trades(
        self,
        *,
        state: shapes.TradeState | None = None,
        mine: bool | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.TradeLineOut]:
        """Every entry of `list_trades`, page after page."""
        return self._each("/v1/trades", {}, {"state": state, "mine": mine, "limit": limit})

    def draft_trade(self, body: shapes.DraftTrade, *, once: str | None = None) -> shapes.TradeOut:
        """Draft the trade of one's own published offer: one method, one lot or several."""
        return self.send("POST", "/v1/trades", {}, body=body, media="application/json", keyed=True, once=once)

    def get_trade(self, trade_id: UUID | str) -> shapes.TradeOut:
        """A trade with its rules in machine form and where its lot stands."""
        return self.send("GET", "/v1/trades/{trade_id}", {"trade_id": trade_id})

    def submit_trade(self, trade_id: UUID | str, *, once: str | None = None) -> shapes.TradeOut:
        """Hand the draft in to the operator."""
        return self.send("POST", "/v1/trades/{trade_id}/submission", {"trade_id": trade_id}, keyed=True, once=once)

    def return_trade(self, trade_id: UUID | str, *, once: str | None = None) -> shapes.TradeOut:
        """Hand a submitted trade back to its seller (operator)."""
        return self.send("POST", "/v1/trades/{trade_id}/return", {"trade_id": trade_id}, keyed=True, once=once)

    def announce_trade(self, trade_id: UUID | str, *, once: str | None = None) -> shapes.TradeOut:
        """Announce a submitted trade (operator): its notice stands and its listing is engaged."""
        return self.send(
            "POST",
            "/v1/trades/{trade_id}/announcement",
            {"trade_id": trade_id},
            keyed=True,
            once=once,
        )

    def get_lot(self, lot_id: UUID | str) -> shapes.LotOut:
        """Where a lot stands now: price, least next bid, end, number of entries."""
        return self.send("GET", "/v1/lots/{lot_id}", {"lot_id": lot_id})

    def reveal_reserve(
        self,
        lot_id: UUID | str,
        body: shapes.RevealReserve,
        *,
        once: str | None = None,
    ) -> shapes.LotOut:
        """Reveal the secret reserve price of a closed lot (seller); nobody below it wins."""
        return self.send(
            "POST",
            "/v1/lots/{lot_id}/reserve",
            {"lot_id": lot_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_bids(
        self,
        lot_id: UUID | str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.BidPage:
        """The public record of a lot: every decision in order, bidders by number, each entry with its chain."""
        return self.send(
            "GET",
            "/v1/lots/{lot_id}/bids",
            {"lot_id": lot_id},
            query={"cursor": cursor, "limit": limit},
        )

    def each_bids(self, lot_id: UUID | str, *, limit: int | None = None) -> Iterator[shapes.BidLineOut]:
        """Every entry of `list_bids`, page after page."""
        return self._each("/v1/lots/{lot_id}/bids", {"lot_id": lot_id}, {"limit": limit})

    def place_bid(self, lot_id: UUID | str, body: shapes.PlaceBid, *, once: str | None = None) -> shapes.BidOut:
        """Place a bid on a lot. A bid cannot be withdrawn. Every decision, refusals too, has a number in the
        lot's book and comes back with a signed receipt. The same key with the same amount gets the first
        decision again, for ever.
        """
        return self.send(
            "POST",
            "/v1/lots/{lot_id}/bids",
            {"lot_id": lot_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_awards(self, trade_id: UUID | str) -> shapes.AwardList:
        """The awards of a trade, for the seller and the market; a bidder sees its own."""
        return self.send("GET", "/v1/trades/{trade_id}/awards", {"trade_id": trade_id})

    def get_award(self, award_id: UUID | str) -> shapes.AwardOut:
        """An award, for its two sides and the market."""
        return self.send("GET", "/v1/awards/{award_id}", {"award_id": award_id})

    def leave_as_runner_up(self, award_id: UUID | str, *, once: str | None = None) -> shapes.AwardOut:
        """Leave as a waiting runner-up; the deposit goes back."""
        return self.send("POST", "/v1/awards/{award_id}/release", {"award_id": award_id}, keyed=True, once=once)

    def list_participants(self, trade_id: UUID | str) -> shapes.ParticipantList:
        """The participants, for the seller and the market; a participant sees itself."""
        return self.send("GET", "/v1/trades/{trade_id}/participants", {"trade_id": trade_id})

    def register_intent(
        self,
        trade_id: UUID | str,
        body: shapes.RegisterIntent,
        *,
        once: str | None = None,
    ) -> shapes.ParticipantOut:
        """Register one's organisation for a trade while its announcement runs."""
        return self.send(
            "POST",
            "/v1/trades/{trade_id}/participants",
            {"trade_id": trade_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def admit_participant(
        self,
        participant_id: UUID | str,
        body: shapes.Judge,
        *,
        once: str | None = None,
    ) -> shapes.ParticipantOut:
        """Give the market's view on a participant's qualification (operator), with grounds if it is not
        admitted.
        """
        return self.send(
            "POST",
            "/v1/participants/{participant_id}/admission",
            {"participant_id": participant_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def confirm_participant(
        self,
        participant_id: UUID | str,
        body: shapes.Judge,
        *,
        once: str | None = None,
    ) -> shapes.ParticipantOut:
        """Confirm an admitted participant (seller), or say why not; with the confirmation its deposit becomes
        due.
        """
        return self.send(
            "POST",
            "/v1/participants/{participant_id}/confirmation",
            {"participant_id": participant_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def withdraw_participant(self, participant_id: UUID | str, *, once: str | None = None) -> shapes.ParticipantOut:
        """Withdraw before the opening; who has paid loses the deposit if that was announced."""
        return self.send(
            "POST",
            "/v1/participants/{participant_id}/withdrawal",
            {"participant_id": participant_id},
            keyed=True,
            once=once,
        )

    def forfeit_deposit(
        self,
        deposit_id: UUID | str,
        body: shapes.Forfeit,
        *,
        once: str | None = None,
    ) -> shapes.ParticipantOut:
        """Shut a participant out for an announced cause (operator): its deposit goes to the seller."""
        return self.send(
            "POST",
            "/v1/deposits/{deposit_id}/forfeiture",
            {"deposit_id": deposit_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_due_opinions(self, *, cursor: str | None = None, limit: int | None = None) -> shapes.DueOpinionPage:
        """Who waits for one's view, the most urgent first: the market's view, or one's own answer as a seller."""
        return self.send("GET", "/v1/qualifications", {}, query={"cursor": cursor, "limit": limit})

    def each_due_opinions(self, *, limit: int | None = None) -> Iterator[shapes.DueOpinionOut]:
        """Every entry of `list_due_opinions`, page after page."""
        return self._each("/v1/qualifications", {}, {"limit": limit})

    def sign_mandate(
        self,
        participant_id: UUID | str,
        body: shapes.SignMandate,
        *,
        once: str | None = None,
    ) -> shapes.ParticipantOut:
        """Sign the mandate of who bids for one (principal); after that the market can admit it."""
        return self.send(
            "POST",
            "/v1/participants/{participant_id}/mandate/signature",
            {"participant_id": participant_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def sign_consortium(
        self,
        participant_id: UUID | str,
        body: shapes.SignConsortium,
        *,
        once: str | None = None,
    ) -> shapes.ParticipantOut:
        """Sign the agreement of the consortium one belongs to; with the last signature the market can admit it."""
        return self.send(
            "POST",
            "/v1/participants/{participant_id}/consortium/signature",
            {"participant_id": participant_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def claim_first_refusal(
        self,
        participant_id: UUID | str,
        body: shapes.ClaimFirstRefusal,
        *,
        once: str | None = None,
    ) -> shapes.ParticipantOut:
        """Claim a first refusal before the opening; what is on record holds at once, a promise once it is
        answered.
        """
        return self.send(
            "POST",
            "/v1/participants/{participant_id}/first-refusal",
            {"participant_id": participant_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def answer_first_refusal_claim(
        self,
        participant_id: UUID | str,
        body: shapes.AnswerClaim,
        *,
        once: str | None = None,
    ) -> shapes.ParticipantOut:
        """Say whether a first refusal claimed by contract stands (seller)."""
        return self.send(
            "POST",
            "/v1/participants/{participant_id}/first-refusal/answer",
            {"participant_id": participant_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def exercise_first_refusal(
        self,
        lot_id: UUID | str,
        body: shapes.ExerciseFirstRefusal,
        *,
        once: str | None = None,
    ) -> shapes.LotOut:
        """Take the lot at the winner's price, or waive; silence until the end of the step waives."""
        return self.send(
            "POST",
            "/v1/lots/{lot_id}/first-refusal",
            {"lot_id": lot_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_final_bids(self, lot_id: UUID | str) -> shapes.FinalBidList:
        """The final bids: one's own while the step lasts, then all of them."""
        return self.send("GET", "/v1/lots/{lot_id}/final-bids", {"lot_id": lot_id})

    def put_final_bid(
        self,
        lot_id: UUID | str,
        body: shapes.PutFinalBid,
        *,
        once: str | None = None,
    ) -> shapes.FinalBidOut:
        """Name one last price above one's own last bid; others read it when the step has ended."""
        return self.send(
            "POST",
            "/v1/lots/{lot_id}/final-bids",
            {"lot_id": lot_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_offers(self, lot_id: UUID | str) -> shapes.OfferList:
        """The offers about a lot: all for the seller and the market, one's own talk for a participant."""
        return self.send("GET", "/v1/lots/{lot_id}/offers", {"lot_id": lot_id})

    def make_offer(self, lot_id: UUID | str, body: shapes.MakeOffer, *, once: str | None = None) -> shapes.OfferOut:
        """Offer a price and sign it; the other side's open offer is thereby countered."""
        return self.send(
            "POST",
            "/v1/lots/{lot_id}/offers",
            {"lot_id": lot_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_offer(self, offer_id: UUID | str) -> shapes.OfferOut:
        """One offer, for the two who talk and the market."""
        return self.send("GET", "/v1/offers/{offer_id}", {"offer_id": offer_id})

    def accept_offer(
        self,
        offer_id: UUID | str,
        body: shapes.AcceptOffer,
        *,
        once: str | None = None,
    ) -> shapes.OfferOut:
        """Accept and sign the other side's offer: the award is made and its price is published in the same
        moment.
        """
        return self.send(
            "POST",
            "/v1/offers/{offer_id}/acceptance",
            {"offer_id": offer_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def decline_offer(self, offer_id: UUID | str, *, once: str | None = None) -> shapes.OfferOut:
        """Decline the other side's offer."""
        return self.send("POST", "/v1/offers/{offer_id}/decline", {"offer_id": offer_id}, keyed=True, once=once)

    def get_panel(self, lot_id: UUID | str) -> shapes.PanelOut:
        """The panel of a lot, for the market, the lister and its experts; experts by number."""
        return self.send("GET", "/v1/lots/{lot_id}/panel", {"lot_id": lot_id})

    def appoint_expert(
        self,
        lot_id: UUID | str,
        body: shapes.AppointExpert,
        *,
        once: str | None = None,
    ) -> shapes.PanelOut:
        """As an operator, put a qualified expert on the panel of a lot."""
        return self.send(
            "POST",
            "/v1/lots/{lot_id}/panel",
            {"lot_id": lot_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def declare_interest(
        self,
        lot_id: UUID | str,
        body: shapes.Declare,
        *,
        once: str | None = None,
    ) -> shapes.PanelOut:
        """As an expert, sign that you are free of interest and keep secret, or leave the panel."""
        return self.send(
            "POST",
            "/v1/lots/{lot_id}/panel/declaration",
            {"lot_id": lot_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def recuse_expert(self, lot_id: UUID | str, n: Value, *, once: str | None = None) -> shapes.PanelOut:
        """As an operator, take an expert off the panel; what he gave does not count."""
        return self.send(
            "POST",
            "/v1/lots/{lot_id}/panel/{n}/recusal",
            {"lot_id": lot_id, "n": n},
            keyed=True,
            once=once,
        )

    def list_proposals(self, lot_id: UUID | str) -> shapes.ProposalList:
        """The opened proposals by number, for the market, the lister and the experts who have declared
        themselves free.
        """
        return self.send("GET", "/v1/lots/{lot_id}/proposals", {"lot_id": lot_id})

    def give_score_sheet(
        self,
        lot_id: UUID | str,
        body: shapes.SheetIn,
        *,
        once: str | None = None,
    ) -> shapes.PanelOut:
        """As an expert, give your sheet of marks. Nobody reads a mark before all sheets are in."""
        return self.send(
            "POST",
            "/v1/lots/{lot_id}/score-sheets",
            {"lot_id": lot_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_scores(self, lot_id: UUID | str) -> shapes.ScoresOut:
        """All sheets and what the formula makes of them, by number, once every sheet is in."""
        return self.send("GET", "/v1/lots/{lot_id}/scores", {"lot_id": lot_id})

    def get_trade_record(self, trade_id: UUID | str) -> bytes:
        """The public record of a trade as JSON Lines, as soon as one of its lots is over: `techmarket replay`
        decides it again. Bidders by number, sealed quotes once they are open.
        """
        return self.send("GET", "/v1/trades/{trade_id}/record", {"trade_id": trade_id})

    def extend_announcement(
        self,
        trade_id: UUID | str,
        body: shapes.AnnouncementsReasons,
        *,
        once: str | None = None,
    ) -> shapes.TradeOut:
        """Extend an announcement by one announced step, while a lot lacks qualified participants (operator)."""
        return self.send(
            "POST",
            "/v1/trades/{trade_id}/extension",
            {"trade_id": trade_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def suspend_trade(
        self,
        trade_id: UUID | str,
        body: shapes.SuspendTrade,
        *,
        once: str | None = None,
    ) -> shapes.TradeOut:
        """Stop the clock of an announced trade for a stated cause (operator), at most as long as the rulebook
        says.
        """
        return self.send(
            "POST",
            "/v1/trades/{trade_id}/suspension",
            {"trade_id": trade_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def resume_trade(
        self,
        trade_id: UUID | str,
        body: shapes.AnnouncementsReasons,
        *,
        once: str | None = None,
    ) -> shapes.TradeOut:
        """Let the rest of the announcement run on (operator); the opening of the bidding moves with its end."""
        return self.send(
            "POST",
            "/v1/trades/{trade_id}/resumption",
            {"trade_id": trade_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def terminate_trade(
        self,
        trade_id: UUID | str,
        body: shapes.TerminateTrade,
        *,
        once: str | None = None,
    ) -> shapes.TradeOut:
        """End a trade before anybody has signed (operator): deposits go back, the listing is free, the record
        stays.
        """
        return self.send(
            "POST",
            "/v1/trades/{trade_id}/termination",
            {"trade_id": trade_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def ask_termination(
        self,
        trade_id: UUID | str,
        body: shapes.AnnouncementsReasons,
        *,
        once: str | None = None,
    ) -> shapes.ActOut:
        """Ask the market to end one's own trade (seller), with reasons."""
        return self.send(
            "POST",
            "/v1/trades/{trade_id}/termination-motion",
            {"trade_id": trade_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def decline_termination(
        self,
        trade_id: UUID | str,
        body: shapes.AnnouncementsReasons,
        *,
        once: str | None = None,
    ) -> shapes.ActOut:
        """Let the trade go on against the seller's motion (operator), with reasons."""
        return self.send(
            "POST",
            "/v1/trades/{trade_id}/termination-motion/refusal",
            {"trade_id": trade_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_trade_acts(self, trade_id: UUID | str) -> shapes.ActList:
        """What was done to a trade since its announcement, in order, with reasons."""
        return self.send("GET", "/v1/trades/{trade_id}/acts", {"trade_id": trade_id})

    def list_floor(self, *, cursor: str | None = None, limit: int | None = None) -> shapes.FloorPage:
        """The lots that are open, paused or under evaluation, whatever is due first on top (operator)."""
        return self.send("GET", "/v1/trading/floor", {}, query={"cursor": cursor, "limit": limit})

    def each_floor(self, *, limit: int | None = None) -> Iterator[shapes.FloorLineOut]:
        """Every entry of `list_floor`, page after page."""
        return self._each("/v1/trading/floor", {}, {"limit": limit})

    def pause_lot(self, lot_id: UUID | str, body: shapes.PauseLot, *, once: str | None = None) -> shapes.LotOut:
        """Pause bidding on a lot for a stated reason (operator). Its clock stands still."""
        return self.send(
            "POST",
            "/v1/lots/{lot_id}/pause",
            {"lot_id": lot_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def resume_lot(self, lot_id: UUID | str, *, once: str | None = None) -> shapes.LotOut:
        """Let bidding go on (operator): all its times move by exactly as long as the pause was."""
        return self.send("POST", "/v1/lots/{lot_id}/resume", {"lot_id": lot_id}, keyed=True, once=once)

    def get_sealing(self, lot_id: UUID | str) -> shapes.SealingOut:
        """What one needs to seal a quote for this lot, and how far its opening is."""
        return self.send("GET", "/v1/lots/{lot_id}/sealing", {"lot_id": lot_id})

    def seal_lot(self, lot_id: UUID | str, body: shapes.SealLot, *, once: str | None = None) -> shapes.SealingOut:
        """Register the key of a sealed lot and who shares it (operator); until quotes open it may be registered
        anew.
        """
        return self.send(
            "POST",
            "/v1/lots/{lot_id}/sealing",
            {"lot_id": lot_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_slot(self, lot_id: UUID | str) -> shapes.SlotOut:
        """Which envelope stands in one's own slot now, by its hash."""
        return self.send("GET", "/v1/lots/{lot_id}/envelope", {"lot_id": lot_id})

    def put_envelope(self, lot_id: UUID | str, body: shapes.PutEnvelope) -> shapes.EnvelopeReceiptOut:
        """Put or replace one's envelope until the lot's end. Sending it again changes nothing; a cover takes it
        back. The request is in no access log, no metric and no journal: an entry for each envelope would
        count them.
        """
        return self.send(
            "PUT",
            "/v1/lots/{lot_id}/envelope",
            {"lot_id": lot_id},
            body=body,
            media="application/json",
        )

    def give_share(
        self,
        lot_id: UUID | str,
        body: shapes.GiveShare,
        *,
        once: str | None = None,
    ) -> shapes.SealingOut:
        """Give one's share after the deadline (officer); the last one needed opens every envelope and decides
        the lot.
        """
        return self.send(
            "POST",
            "/v1/lots/{lot_id}/opening/shares",
            {"lot_id": lot_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_opening(self, lot_id: UUID | str) -> shapes.OpeningOut:
        """The record of the opening: with it anyone opens every envelope again, draws again and ranks again."""
        return self.send("GET", "/v1/lots/{lot_id}/opening", {"lot_id": lot_id})

    def list_contracts(self, *, cursor: str | None = None, limit: int | None = None) -> shapes.ContractPage:
        """My organisation's contracts, the newest first; staff and registrars see all."""
        return self.send("GET", "/v1/contracts", {}, query={"cursor": cursor, "limit": limit})

    def each_contracts(self, *, limit: int | None = None) -> Iterator[shapes.ContractCardOut]:
        """Every entry of `list_contracts`, page after page."""
        return self._each("/v1/contracts", {}, {"limit": limit})

    def draft_contract(self, body: shapes.DraftFromAward, *, once: str | None = None) -> shapes.ContractOut:
        """Draft the contract of an award: its price and the offer's terms, by the seller or the market."""
        return self.send("POST", "/v1/contracts", {}, body=body, media="application/json", keyed=True, once=once)

    def draft_direct_contract(self, body: shapes.DraftDirectly, *, once: str | None = None) -> shapes.ContractOut:
        """Draft a contract negotiated with a named buyer. A unit set up by the government publishes the price
        first.
        """
        return self.send(
            "POST",
            "/v1/direct-contracts",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def record_contract_made_elsewhere(
        self,
        body: shapes.RecordElsewhere,
        *,
        once: str | None = None,
    ) -> shapes.ContractOut:
        """Record a contract signed elsewhere, with its scan (seller). Two people of the market then attest it."""
        return self.send(
            "POST",
            "/v1/contracts-made-elsewhere",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def attest_contract(
        self,
        contract_id: UUID | str,
        body: shapes.Attest,
        *,
        once: str | None = None,
    ) -> shapes.ContractOut:
        """Attest that the record is what was signed elsewhere (two people of the market); the second gives it
        effect.
        """
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/attestations",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def confirm_contract(
        self,
        contract_id: UUID | str,
        body: shapes.Attest,
        *,
        once: str | None = None,
    ) -> shapes.ContractOut:
        """Confirm that the record and its scan are what your side signed elsewhere (each party but the one
        recording).
        """
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/confirmations",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_contract(self, contract_id: UUID | str) -> shapes.ContractOut:
        """A contract with its plan, reports and registration, for its parties, the market and registrars."""
        return self.send("GET", "/v1/contracts/{contract_id}", {"contract_id": contract_id})

    def get_contract_document(
        self,
        contract_id: UUID | str,
        *,
        version: int | None = None,
    ) -> shapes.ContractShapesDocumentOut:
        """The text that is signed; its SHA-256 is that of the document's canonical JSON (RFC 8785). The newest
        version, or the one named.
        """
        return self.send(
            "GET",
            "/v1/contracts/{contract_id}/document",
            {"contract_id": contract_id},
            query={"version": version},
        )

    def open_contract_signing(
        self,
        contract_id: UUID | str,
        body: shapes.OpenSigning,
        *,
        once: str | None = None,
    ) -> shapes.ContractOut:
        """Call the parties to sign exactly this text: seller first, then buyer."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/signing",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def sign_contract(
        self,
        contract_id: UUID | str,
        body: shapes.SignContract,
        *,
        once: str | None = None,
    ) -> shapes.ContractOut:
        """Sign. The last signature concludes the award, enters the licence and makes the fixed price due, in one
        commit. The answer holds the market's signed promise that its log will tell of the signature.
        """
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/signatures",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def cancel_contract(self, contract_id: UUID | str, *, once: str | None = None) -> shapes.ContractOut:
        """Take back a directly negotiated contract that is not in force yet."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/cancellation",
            {"contract_id": contract_id},
            keyed=True,
            once=once,
        )

    def accept_milestone(
        self,
        contract_id: UUID | str,
        n: Value,
        *,
        body: shapes.AcceptMilestone | None | None = None,
        once: str | None = None,
    ) -> shapes.ContractOut:
        """Accept what was handed over for a milestone (payer), with the record of the acceptance: its payment
        falls due.
        """
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/milestones/{n}/acceptance",
            {"contract_id": contract_id, "n": n},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def dispute_contract(
        self,
        contract_id: UUID | str,
        body: shapes.ContractShapesReasons,
        *,
        once: str | None = None,
    ) -> shapes.ContractOut:
        """Put a dispute on record; the contract is neither certified nor registered while it lasts."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/dispute",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def settle_contract_dispute(self, contract_id: UUID | str, *, once: str | None = None) -> shapes.ContractOut:
        """An operator records that a dispute is over."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/settlement",
            {"contract_id": contract_id},
            keyed=True,
            once=once,
        )

    def perform_contract(self, contract_id: UUID | str, *, once: str | None = None) -> shapes.ContractOut:
        """The term is over and everything due is paid: the contract is performed."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/performance",
            {"contract_id": contract_id},
            keyed=True,
            once=once,
        )

    def declare_contract_default(
        self,
        contract_id: UUID | str,
        body: shapes.ContractShapesReasons,
        *,
        once: str | None = None,
    ) -> shapes.ContractOut:
        """The buyer of an awarded contract has not paid in time: it ends, and the deposit is lost as announced."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/default",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def terminate_contract(
        self,
        contract_id: UUID | str,
        body: shapes.ContractShapesReasons,
        *,
        once: str | None = None,
    ) -> shapes.ContractOut:
        """An operator records that a contract ended early, with the reasons."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/termination",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def report_royalty(
        self,
        contract_id: UUID | str,
        body: shapes.ReportRoyalty,
        *,
        once: str | None = None,
    ) -> shapes.RoyaltyReportOut:
        """Report the base of a period that is over; the royalty on it, half up to the cent, falls due."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/royalty-reports",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def correct_royalty_report(
        self,
        report_id: UUID | str,
        body: shapes.CorrectReport,
        *,
        once: str | None = None,
    ) -> shapes.RoyaltyReportOut:
        """Correct a report (payer). The report stays as it was; the difference falls due, or is a credit."""
        return self.send(
            "POST",
            "/v1/royalty-reports/{report_id}/corrections",
            {"report_id": report_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def record_clearance(
        self,
        contract_id: UUID | str,
        body: shapes.RecordClearance,
        *,
        once: str | None = None,
    ) -> shapes.ContractOut:
        """Record what an authority gave for technology that crosses the border; with the licence the contract
        takes effect.
        """
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/clearances",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def accept_trial(self, contract_id: UUID | str, *, once: str | None = None) -> shapes.ContractOut:
        """Take what was tried out, on the terms signed before the trial (先用后转)."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/trial/acceptance",
            {"contract_id": contract_id},
            keyed=True,
            once=once,
        )

    def decline_trial(
        self,
        contract_id: UUID | str,
        body: shapes.ContractShapesReasons,
        *,
        once: str | None = None,
    ) -> shapes.ContractOut:
        """Do not take what was tried out; nothing is owed."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/trial/refusal",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def hand_over_title(
        self,
        contract_id: UUID | str,
        body: shapes.HandOver,
        *,
        once: str | None = None,
    ) -> shapes.ContractOut:
        """Record that the title is the buyer's, with the register's paper (seller)."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/title",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def restore_title(
        self,
        contract_id: UUID | str,
        body: shapes.HandOver,
        *,
        once: str | None = None,
    ) -> shapes.ContractOut:
        """Record that the title is the seller's again, with the register's paper, once the contract was ended
        (buyer, or the market).
        """
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/title-restoration",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_contract_changes(self, contract_id: UUID | str) -> shapes.ChangeList:
        """Every change that was proposed, with the text it would give the contract."""
        return self.send("GET", "/v1/contracts/{contract_id}/changes", {"contract_id": contract_id})

    def propose_contract_change(
        self,
        contract_id: UUID | str,
        body: shapes.ProposeChange,
        *,
        once: str | None = None,
    ) -> shapes.ChangesChangeOut:
        """Propose other terms, or the end by agreement (either party); all parties then sign the new text."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/changes",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def sign_contract_change(
        self,
        change_id: UUID | str,
        body: shapes.SignChange,
        *,
        once: str | None = None,
    ) -> shapes.ChangesChangeOut:
        """Sign a change. The last signature makes it the next version of the contract, or its end."""
        return self.send(
            "POST",
            "/v1/contract-changes/{change_id}/signatures",
            {"change_id": change_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def refuse_contract_change(self, change_id: UUID | str, *, once: str | None = None) -> shapes.ChangesChangeOut:
        """Turn a change down (the side that did not propose it)."""
        return self.send(
            "POST",
            "/v1/contract-changes/{change_id}/refusal",
            {"change_id": change_id},
            keyed=True,
            once=once,
        )

    def withdraw_contract_change(
        self,
        change_id: UUID | str,
        *,
        once: str | None = None,
    ) -> shapes.ChangesChangeOut:
        """Take a change back (whoever proposed it)."""
        return self.send(
            "POST",
            "/v1/contract-changes/{change_id}/withdrawal",
            {"change_id": change_id},
            keyed=True,
            once=once,
        )

    def list_breaches(self, contract_id: UUID | str) -> shapes.BreachList:
        """What was demanded of whom, until when, and what became of it."""
        return self.send("GET", "/v1/contracts/{contract_id}/breaches", {"contract_id": contract_id})

    def demand_cure(
        self,
        contract_id: UUID | str,
        body: shapes.DemandCure,
        *,
        once: str | None = None,
    ) -> shapes.BreachOut:
        """Demand that the other side perform (催告); it has the days the rulebook gives."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/breaches",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def confirm_cure(
        self,
        breach_id: UUID | str,
        body: shapes.CloseBreach,
        *,
        once: str | None = None,
    ) -> shapes.BreachOut:
        """Say that the breach was cured (whoever demanded it)."""
        return self.send(
            "POST",
            "/v1/breaches/{breach_id}/cure",
            {"breach_id": breach_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def withdraw_demand(
        self,
        breach_id: UUID | str,
        body: shapes.CloseBreach,
        *,
        once: str | None = None,
    ) -> shapes.BreachOut:
        """Take a demand back (whoever demanded it)."""
        return self.send(
            "POST",
            "/v1/breaches/{breach_id}/withdrawal",
            {"breach_id": breach_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def terminate_for_breach(
        self,
        breach_id: UUID | str,
        body: shapes.CloseBreach,
        *,
        once: str | None = None,
    ) -> shapes.BreachOut:
        """End the contract for a breach that was not cured in time (whoever demanded it)."""
        return self.send(
            "POST",
            "/v1/breaches/{breach_id}/termination",
            {"breach_id": breach_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def file_licence(
        self,
        contract_id: UUID | str,
        body: shapes.FileLicence,
        *,
        once: str | None = None,
    ) -> shapes.ContractOut:
        """Record that the licence of a patent was filed with the office (许可备案)."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/licence-filing",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_contract_deadlines(
        self,
        *,
        contract_id: UUID | str | None = None,
        open_only: bool | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.DeadlinePage:
        """What my organisation's contracts wait for, the earliest first: payments, reports, filings, decisions,
        cures.
        """
        return self.send(
            "GET",
            "/v1/contract-deadlines",
            {},
            query={"contract_id": contract_id, "open_only": open_only, "cursor": cursor, "limit": limit},
        )

    def each_contract_deadlines(
        self,
        *,
        contract_id: UUID | str | None = None,
        open_only: bool | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.DeadlineOut]:
        """Every entry of `list_contract_deadlines`, page after page."""
        return self._each(
            "/v1/contract-deadlines",
            {},
            {"contract_id": contract_id, "open_only": open_only, "limit": limit},
        )

    def get_contract_paper(self, contract_id: UUID | str) -> bytes:
        """The contract as a PDF with a field for each party's signature; after a party signed the file, the
        signed one.
        """
        return self.send("GET", "/v1/contracts/{contract_id}/paper", {"contract_id": contract_id})

    def read_record_file(self, contract_id: UUID | str, sha256: Value) -> bytes:
        """The scan of a contract made elsewhere, or the proof that it was paid, for its parties and the market."""
        return self.send(
            "GET",
            "/v1/contracts/{contract_id}/record-files/{sha256}",
            {"contract_id": contract_id, "sha256": sha256},
        )

    def refuse_contract_record(
        self,
        contract_id: UUID | str,
        body: shapes.RefuseRecord,
        *,
        once: str | None = None,
    ) -> shapes.ContractOut:
        """Say that your side signed no such contract elsewhere: the record falls (each party but the one
        recording).
        """
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/record-refusal",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def sign_contract_paper(
        self,
        contract_id: UUID | str,
        body: shapes.SignedPaper,
        *,
        once: str | None = None,
    ) -> shapes.ContractOut:
        """Give the file back with your own electronic signature on it (PAdES): it counts as your organisation's."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/signed-papers",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def order_contract_signature(
        self,
        contract_id: UUID | str,
        *,
        once: str | None = None,
    ) -> shapes.SignatureOrderOut:
        """Order your organisation's signature from the service the market is connected to; its answer comes soon
        after. The file has to be drawn before (GET …/paper).
        """
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/signature-orders",
            {"contract_id": contract_id},
            keyed=True,
            once=once,
        )

    def get_signature_order(self, order_id: UUID | str) -> shapes.SignatureOrderOut:
        """How far an order has come, and where the person signs."""
        return self.send("GET", "/v1/signature-orders/{order_id}", {"order_id": order_id})

    def list_signing_authorities(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.AuthorityPage:
        """Who may sign for my organisation, the newest first; the market's staff see all."""
        return self.send("GET", "/v1/signing-authorities", {}, query={"cursor": cursor, "limit": limit})

    def each_signing_authorities(self, *, limit: int | None = None) -> Iterator[shapes.AuthorityOut]:
        """Every entry of `list_signing_authorities`, page after page."""
        return self._each("/v1/signing-authorities", {}, {"limit": limit})

    def record_signing_authority(
        self,
        body: shapes.RecordAuthority,
        *,
        once: str | None = None,
    ) -> shapes.AuthorityOut:
        """Record by what one of your people signs: as legal representative, or by a power of attorney."""
        return self.send(
            "POST",
            "/v1/signing-authorities",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def decide_signing_authority(
        self,
        authority_id: UUID | str,
        body: shapes.DecideAuthority,
        *,
        once: str | None = None,
    ) -> shapes.AuthorityOut:
        """An operator has looked at the paper: it stands, or it does not."""
        return self.send(
            "POST",
            "/v1/signing-authorities/{authority_id}/decision",
            {"authority_id": authority_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def revoke_signing_authority(self, authority_id: UUID | str, *, once: str | None = None) -> shapes.AuthorityOut:
        """Take an authority back; what was signed under it stays signed."""
        return self.send(
            "POST",
            "/v1/signing-authorities/{authority_id}/revocation",
            {"authority_id": authority_id},
            keyed=True,
            once=once,
        )

    def file_registration(
        self,
        contract_id: UUID | str,
        body: shapes.FileRegistration,
        *,
        once: str | None = None,
    ) -> shapes.ContractShapesRegistrationOut:
        """The seller's side files the contract for registration (认定登记)."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/registrations",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def decide_registration(
        self,
        registration_id: UUID | str,
        body: shapes.DecideRegistration,
        *,
        once: str | None = None,
    ) -> shapes.ContractShapesRegistrationOut:
        """A registrar who is no party registers the contract under a number, or refuses it with reasons."""
        return self.send(
            "POST",
            "/v1/registrations/{registration_id}/decision",
            {"registration_id": registration_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def revoke_registration(
        self,
        registration_id: UUID | str,
        body: shapes.ContractShapesReasons,
        *,
        once: str | None = None,
    ) -> shapes.ContractShapesRegistrationOut:
        """A registrar takes a registration back, with reasons; relief that stood on it falls."""
        return self.send(
            "POST",
            "/v1/registrations/{registration_id}/revocation",
            {"registration_id": registration_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def correct_registration(
        self,
        registration_id: UUID | str,
        body: shapes.CorrectRegistration,
        *,
        once: str | None = None,
    ) -> shapes.ContractShapesRegistrationOut:
        """A registrar puts right amounts that were registered as an estimate; what stood before stays on record."""
        return self.send(
            "POST",
            "/v1/registrations/{registration_id}/corrections",
            {"registration_id": registration_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def prepare_certificate(self, contract_id: UUID | str, *, once: str | None = None) -> shapes.CertificateOut:
        """A certifier puts the facts of a transaction together; a second one must approve them."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/certificates",
            {"contract_id": contract_id},
            keyed=True,
            once=once,
        )

    def list_certificate_preconditions(self, contract_id: UUID | str) -> shapes.PreconditionsOut:
        """Which conditions of a certificate hold for this contract and which do not; for the market's staff."""
        return self.send(
            "GET",
            "/v1/contracts/{contract_id}/certificate-preconditions",
            {"contract_id": contract_id},
        )

    def prepare_replacement(
        self,
        certificate_id: UUID | str,
        body: shapes.CertificationReasons,
        *,
        once: str | None = None,
    ) -> shapes.CertificateOut:
        """Prepare a certificate that corrects or re-issues another: approved by a second certifier, it takes its
        place.
        """
        return self.send(
            "POST",
            "/v1/certificates/{certificate_id}/replacement",
            {"certificate_id": certificate_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_certificates(
        self,
        *,
        state: shapes.CertificateState | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.CertificatePage:
        """The certifiers' desk: every certificate, the newest first."""
        return self.send("GET", "/v1/certificates", {}, query={"state": state, "cursor": cursor, "limit": limit})

    def each_certificates(
        self,
        *,
        state: shapes.CertificateState | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.CertificateOut]:
        """Every entry of `list_certificates`, page after page."""
        return self._each("/v1/certificates", {}, {"state": state, "limit": limit})

    def approve_certificate(self, certificate_id: UUID | str, *, once: str | None = None) -> shapes.CertificateOut:
        """A second certifier finds the same facts: the certificate is numbered, signed and logged."""
        return self.send(
            "POST",
            "/v1/certificates/{certificate_id}/approval",
            {"certificate_id": certificate_id},
            keyed=True,
            once=once,
        )

    def reject_certificate(
        self,
        certificate_id: UUID | str,
        body: shapes.CertificationReasons,
        *,
        once: str | None = None,
    ) -> shapes.CertificateOut:
        """A second certifier sends it back with reasons."""
        return self.send(
            "POST",
            "/v1/certificates/{certificate_id}/rejection",
            {"certificate_id": certificate_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def suspend_certificate(
        self,
        certificate_id: UUID | str,
        body: shapes.WhyAndReasons,
        *,
        once: str | None = None,
    ) -> shapes.CertificateOut:
        """Take a certificate out of force for a time."""
        return self.send(
            "POST",
            "/v1/certificates/{certificate_id}/suspension",
            {"certificate_id": certificate_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def reinstate_certificate(
        self,
        certificate_id: UUID | str,
        body: shapes.CertificationReasons,
        *,
        once: str | None = None,
    ) -> shapes.CertificateOut:
        """End a suspension: the certificate stands again."""
        return self.send(
            "POST",
            "/v1/certificates/{certificate_id}/reinstatement",
            {"certificate_id": certificate_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def revoke_certificate(
        self,
        certificate_id: UUID | str,
        body: shapes.WhyAndReasons,
        *,
        once: str | None = None,
    ) -> shapes.CertificateOut:
        """Take a certificate back for good."""
        return self.send(
            "POST",
            "/v1/certificates/{certificate_id}/revocation",
            {"certificate_id": certificate_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_certificate(self, number_or_id: UUID | str) -> shapes.CertificateOut:
        """A certificate by number or id: whole for parties and the market, for others whether it stands and its
        hash.
        """
        return self.send("GET", "/v1/certificates/{number_or_id}", {"number_or_id": number_or_id})

    def get_certificate_file(
        self,
        number_or_id: UUID | str,
        *,
        hide: list[Literal['price', 'payments']] | None = None,
    ) -> Any:
        """The certificate as a file that verifies without the market, whole or less the price: keep its bytes
        unchanged.
        """
        return self.send(
            "GET",
            "/v1/certificates/{number_or_id}/file",
            {"number_or_id": number_or_id},
            query={"hide": hide},
        )

    def get_certificate_pdf(
        self,
        number_or_id: UUID | str,
        *,
        hide: list[Literal['price', 'payments']] | None = None,
    ) -> bytes:
        """The certificate as a sealed PDF with a QR code to its standing; the file that verifies is attached
        inside.
        """
        return self.send(
            "GET",
            "/v1/certificates/{number_or_id}/pdf",
            {"number_or_id": number_or_id},
            query={"hide": hide},
        )

    def verify_certificate(self, body: shapes.VerifyFile) -> shapes.VerificationOut:
        """What a certificate file is worth now: valid, suspended or revoked since when and why, or not ours."""
        return self.send("POST", "/v1/verifications", {}, body=body, media="application/json")

    def verify_certificate_file(self, body: bytes, media: str) -> shapes.VerificationOut:
        """What an uploaded file is worth now, the PDF or the JSON file: its bytes as they are, up to 8 MiB."""
        return self.send("POST", "/v1/verifications/files", {}, body=body, media=media)

    def get_status_list(self, purpose: Value, n: Value) -> bytes:
        """How all certificates stand, as a signed list of bits (W3C Bitstring Status List); each names its place
        in it.
        """
        return self.send("GET", "/v1/status-lists/{purpose}/{n}", {"purpose": purpose, "n": n})

    def get_public_keys(self) -> shapes.KeySet:
        """The market's public keys (JWK set), past ones too: all that `techmarket verify` needs besides the
        file.
        """
        return self.send("GET", "/.well-known/techmarket-keys.json", {})

    def draft_unit_rule(self, body: shapes.DraftUnitRule, *, once: str | None = None) -> shapes.UnitRuleOut:
        """Enter your unit's rule on sharing, with the files that show its publication and that the staff was
        heard.
        """
        return self.send("POST", "/v1/unit-rules", {}, body=body, media="application/json", keyed=True, once=once)

    def adopt_unit_rule(
        self,
        unit_rule_id: UUID | str,
        body: shapes.AdoptUnitRule,
        *,
        once: str | None = None,
    ) -> shapes.UnitRuleOut:
        """Put a rule in force that another officer entered: contracts from its first day on are shared by it."""
        return self.send(
            "POST",
            "/v1/unit-rules/{unit_rule_id}/adoption",
            {"unit_rule_id": unit_rule_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_unit_rules(self, organisation_id: UUID | str) -> shapes.UnitRuleList:
        """The rules of your own unit, newest first."""
        return self.send(
            "GET",
            "/v1/organisations/{organisation_id}/unit-rules",
            {"organisation_id": organisation_id},
        )

    def list_share_tables(
        self,
        *,
        contract_id: UUID | str | None = None,
        achievement_id: UUID | str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.ShareTablePage:
        """The share tables that name you, and those of your unit if you are one of its officers; newest first."""
        return self.send(
            "GET",
            "/v1/share-tables",
            {},
            query={"contract_id": contract_id, "achievement_id": achievement_id, "cursor": cursor, "limit": limit},
        )

    def each_share_tables(
        self,
        *,
        contract_id: UUID | str | None = None,
        achievement_id: UUID | str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.ShareTableCardOut]:
        """Every entry of `list_share_tables`, page after page."""
        return self._each(
            "/v1/share-tables",
            {},
            {"contract_id": contract_id, "achievement_id": achievement_id, "limit": limit},
        )

    def draft_share_table(self, body: shapes.DraftTable, *, once: str | None = None) -> shapes.ShareTableOut:
        """Draft who shares how, for a contract or an achievement. It is held to the floors before anybody signs."""
        return self.send("POST", "/v1/share-tables", {}, body=body, media="application/json", keyed=True, once=once)

    def get_share_table(self, share_table_id: UUID | str) -> shapes.ShareTableOut:
        """A share table with its text, for those named in it."""
        return self.send("GET", "/v1/share-tables/{share_table_id}", {"share_table_id": share_table_id})

    def open_share_table_signing(
        self,
        share_table_id: UUID | str,
        *,
        once: str | None = None,
    ) -> shapes.ShareTableOut:
        """Call on every completer to sign exactly this table."""
        return self.send(
            "POST",
            "/v1/share-tables/{share_table_id}/signing",
            {"share_table_id": share_table_id},
            keyed=True,
            once=once,
        )

    def sign_share_table(
        self,
        share_table_id: UUID | str,
        body: shapes.SignTable,
        *,
        once: str | None = None,
    ) -> shapes.ShareTableOut:
        """Sign the table with this hash; the last signature puts it in force."""
        return self.send(
            "POST",
            "/v1/share-tables/{share_table_id}/signatures",
            {"share_table_id": share_table_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_share_holds(self, share_table_id: UUID | str) -> shapes.HoldList:
        """The holds under a share table, for the unit's officers and the market; your own, if you are named in
        it.
        """
        return self.send("GET", "/v1/share-tables/{share_table_id}/holds", {"share_table_id": share_table_id})

    def propose_share_hold(
        self,
        share_table_id: UUID | str,
        body: shapes.ProposeHold,
        *,
        once: str | None = None,
    ) -> shapes.HoldOut:
        """Say, with evidence, why one person does not sign: only her share waits, once somebody else has
        confirmed it.
        """
        return self.send(
            "POST",
            "/v1/share-tables/{share_table_id}/holds",
            {"share_table_id": share_table_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def dispute_share(
        self,
        share_table_id: UUID | str,
        body: shapes.DisputeShare,
        *,
        once: str | None = None,
    ) -> shapes.HoldOut:
        """Dispute your own share: it waits at once, and nobody else's does."""
        return self.send(
            "POST",
            "/v1/share-tables/{share_table_id}/disputes",
            {"share_table_id": share_table_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def decide_share_hold(
        self,
        hold_id: UUID | str,
        body: shapes.DecideHold,
        *,
        once: str | None = None,
    ) -> shapes.HoldOut:
        """Confirm or reject a hold that somebody else proposed."""
        return self.send(
            "POST",
            "/v1/share-holds/{hold_id}/decision",
            {"hold_id": hold_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def propose_share_release(
        self,
        hold_id: UUID | str,
        body: shapes.ProposeRelease,
        *,
        once: str | None = None,
    ) -> shapes.HoldOut:
        """Show what ends the hold: consent on paper, who the heirs are, or a decision."""
        return self.send(
            "POST",
            "/v1/share-holds/{hold_id}/release",
            {"hold_id": hold_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def decide_share_release(
        self,
        hold_id: UUID | str,
        body: shapes.DecideHold,
        *,
        once: str | None = None,
    ) -> shapes.HoldOut:
        """Let the share go, or keep it held, on what somebody else has shown."""
        return self.send(
            "POST",
            "/v1/share-holds/{hold_id}/release/decision",
            {"hold_id": hold_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def take_back_dispute(self, hold_id: UUID | str, *, once: str | None = None) -> shapes.HoldOut:
        """Take your own dispute back."""
        return self.send(
            "POST",
            "/v1/share-holds/{hold_id}/withdrawal",
            {"hold_id": hold_id},
            keyed=True,
            once=once,
        )

    def get_contract_income(self, contract_id: UUID | str) -> shapes.BooksOut:
        """What the contract has brought in for your unit and cost."""
        return self.send("GET", "/v1/contracts/{contract_id}/income", {"contract_id": contract_id})

    def enter_contract_income(
        self,
        contract_id: UUID | str,
        body: shapes.EnterIncome,
        *,
        once: str | None = None,
    ) -> shapes.IncomeOut:
        """Enter what a contract brought in beside the market: shares, dividends, the sale of shares."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/income",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_achievement_income(self, achievement_id: UUID | str) -> shapes.BooksOut:
        """What your unit got out of its own achievement without a contract."""
        return self.send("GET", "/v1/achievements/{achievement_id}/income", {"achievement_id": achievement_id})

    def enter_achievement_income(
        self,
        achievement_id: UUID | str,
        body: shapes.EnterIncome,
        *,
        once: str | None = None,
    ) -> shapes.IncomeOut:
        """Enter what your unit got out of its own achievement: a year's profit of using it, shares, money of
        shares.
        """
        return self.send(
            "POST",
            "/v1/achievements/{achievement_id}/income",
            {"achievement_id": achievement_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def withdraw_income(self, income_id: UUID | str, *, once: str | None = None) -> shapes.IncomeOut:
        """Income entered by mistake counts no more."""
        return self.send(
            "POST",
            "/v1/incomes/{income_id}/withdrawal",
            {"income_id": income_id},
            keyed=True,
            once=once,
        )

    def add_cost(self, contract_id: UUID | str, body: shapes.AddCost, *, once: str | None = None) -> shapes.CostOut:
        """Enter a cost with its evidence; the rulebook says whether it reduces net income."""
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/costs",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def withdraw_cost(self, cost_id: UUID | str, *, once: str | None = None) -> shapes.CostOut:
        """A cost entered by mistake counts no more."""
        return self.send("POST", "/v1/costs/{cost_id}/withdrawal", {"cost_id": cost_id}, keyed=True, once=once)

    def list_reward_terms(self, *, cursor: str | None = None, limit: int | None = None) -> shapes.TermPage:
        """By when rewards of your unit's income are due that are not paid yet, the nearest first."""
        return self.send("GET", "/v1/reward-terms", {}, query={"cursor": cursor, "limit": limit})

    def each_reward_terms(self, *, limit: int | None = None) -> Iterator[shapes.IncomesTermOut]:
        """Every entry of `list_reward_terms`, page after page."""
        return self._each("/v1/reward-terms", {}, {"limit": limit})

    def unwind_contract(
        self,
        contract_id: UUID | str,
        body: shapes.UnwindContract,
        *,
        once: str | None = None,
    ) -> shapes.UnwoundOut:
        """The operator has a decision that the contract was void: what was shared of it is taken back, and owed
        back.
        """
        return self.send(
            "POST",
            "/v1/contracts/{contract_id}/unwinding",
            {"contract_id": contract_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_distributions(
        self,
        *,
        contract_id: UUID | str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.DistributionPage:
        """The distributions of your unit, newest first."""
        return self.send(
            "GET",
            "/v1/distributions",
            {},
            query={"contract_id": contract_id, "cursor": cursor, "limit": limit},
        )

    def each_distributions(
        self,
        *,
        contract_id: UUID | str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.DistributionCardOut]:
        """Every entry of `list_distributions`, page after page."""
        return self._each("/v1/distributions", {}, {"contract_id": contract_id, "limit": limit})

    def draft_distribution(
        self,
        body: shapes.DraftDistribution,
        *,
        once: str | None = None,
    ) -> shapes.DistributionOut:
        """Split all open income of a contract under its share table. Each income is split once."""
        return self.send(
            "POST",
            "/v1/distributions",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_distribution(self, distribution_id: UUID | str) -> shapes.DistributionOut:
        """A whole split with every step and line, for the unit's officers and the market."""
        return self.send("GET", "/v1/distributions/{distribution_id}", {"distribution_id": distribution_id})

    def publish_distribution(
        self,
        distribution_id: UUID | str,
        body: shapes.PublishDistribution,
        *,
        once: str | None = None,
    ) -> shapes.DistributionOut:
        """Publish the reward list in the unit; an objection holds only the lines it names."""
        return self.send(
            "POST",
            "/v1/distributions/{distribution_id}/publication",
            {"distribution_id": distribution_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def pay_distribution(self, distribution_id: UUID | str, *, once: str | None = None) -> shapes.DistributionOut:
        """Instruct every line that no objection holds, after the notice and under a table that all have signed."""
        return self.send(
            "POST",
            "/v1/distributions/{distribution_id}/payment",
            {"distribution_id": distribution_id},
            keyed=True,
            once=once,
        )

    def reverse_distribution(
        self,
        distribution_id: UUID | str,
        body: shapes.ReverseDistribution,
        *,
        once: str | None = None,
    ) -> shapes.DistributionOut:
        """Take back a distribution; its income is open again. Of what was paid, `claw_back` makes claims."""
        return self.send(
            "POST",
            "/v1/distributions/{distribution_id}/reversal",
            {"distribution_id": distribution_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def confirm_payroll(self, line_id: UUID | str, *, once: str | None = None) -> shapes.LineOut:
        """The unit has paid this line with its wages."""
        return self.send(
            "POST",
            "/v1/lines/{line_id}/payroll-confirmation",
            {"line_id": line_id},
            keyed=True,
            once=once,
        )

    def register_shares(
        self,
        line_id: UUID | str,
        body: shapes.RegisterShares,
        *,
        once: str | None = None,
    ) -> shapes.LineOut:
        """The shares of this line stand in the person's name now."""
        return self.send(
            "POST",
            "/v1/lines/{line_id}/share-registration",
            {"line_id": line_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def draft_line_rework(
        self,
        distribution_id: UUID | str,
        n: Value,
        body: shapes.DraftRework,
        *,
        once: str | None = None,
    ) -> shapes.ReworkOut:
        """Write one line anew that an upheld objection named; the others stay. Those concerned are called to
        sign it.
        """
        return self.send(
            "POST",
            "/v1/distributions/{distribution_id}/lines/{n}/rework",
            {"distribution_id": distribution_id, "n": n},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_line_rework(self, rework_id: UUID | str) -> shapes.ReworkOut:
        """A line written anew with its text, for those who must sign it and the unit's officers."""
        return self.send("GET", "/v1/reworks/{rework_id}", {"rework_id": rework_id})

    def sign_line_rework(
        self,
        rework_id: UUID | str,
        body: shapes.SignRework,
        *,
        once: str | None = None,
    ) -> shapes.ReworkOut:
        """Sign the new lines with this hash."""
        return self.send(
            "POST",
            "/v1/reworks/{rework_id}/signatures",
            {"rework_id": rework_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def publish_line_rework(
        self,
        rework_id: UUID | str,
        body: shapes.PublishDistribution,
        *,
        once: str | None = None,
    ) -> shapes.ReworkOut:
        """Publish the new lines in the unit; they stand their own time, and are paid after it."""
        return self.send(
            "POST",
            "/v1/reworks/{rework_id}/publication",
            {"rework_id": rework_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_reward_claims(self, *, cursor: str | None = None, limit: int | None = None) -> shapes.ClaimPage:
        """What is owed back of rewards: to your unit, if you are one of its officers; else what you owe back
        yourself.
        """
        return self.send("GET", "/v1/reward-claims", {}, query={"cursor": cursor, "limit": limit})

    def each_reward_claims(self, *, limit: int | None = None) -> Iterator[shapes.RewardClaimsClaimOut]:
        """Every entry of `list_reward_claims`, page after page."""
        return self._each("/v1/reward-claims", {}, {"limit": limit})

    def take_repayment(
        self,
        claim_id: UUID | str,
        body: shapes.TakeRepayment,
        *,
        once: str | None = None,
    ) -> shapes.RewardClaimsClaimOut:
        """Somebody has paid back what he owed; the claim is less by that much."""
        return self.send(
            "POST",
            "/v1/reward-claims/{claim_id}/repayments",
            {"claim_id": claim_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def give_reward_back(
        self,
        claim_id: UUID | str,
        body: shapes.GiveBack,
        *,
        once: str | None = None,
    ) -> shapes.RewardClaimsClaimOut:
        """The unit has paid out again what somebody gave twice."""
        return self.send(
            "POST",
            "/v1/reward-claims/{claim_id}/give-backs",
            {"claim_id": claim_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_statements(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.StatementsStatementPage:
        """Your own statements, newest first."""
        return self.send("GET", "/v1/statements", {}, query={"cursor": cursor, "limit": limit})

    def each_statements(self, *, limit: int | None = None) -> Iterator[shapes.StatementCardOut]:
        """Every entry of `list_statements`, page after page."""
        return self._each("/v1/statements", {}, {"limit": limit})

    def get_statement(self, distribution_id: UUID | str, person_id: UUID | str) -> shapes.StatementsStatementOut:
        """Your own statement: every step, rule, source and number, and what to recompute it from. Nobody else's."""
        return self.send(
            "GET",
            "/v1/distributions/{distribution_id}/statements/{person_id}",
            {"distribution_id": distribution_id, "person_id": person_id},
        )

    def get_statement_file(self, distribution_id: UUID | str, person_id: UUID | str) -> Any:
        """Your own statement as a file that proves and recomputes itself with no market; keep its bytes
        unchanged.
        """
        return self.send(
            "GET",
            "/v1/distributions/{distribution_id}/statements/{person_id}/file",
            {"distribution_id": distribution_id, "person_id": person_id},
        )

    def get_statement_pdf(self, distribution_id: UUID | str, person_id: UUID | str) -> bytes:
        """Your own statement as a page in Chinese and English; the file that proves it is attached inside."""
        return self.send(
            "GET",
            "/v1/distributions/{distribution_id}/statements/{person_id}/pdf",
            {"distribution_id": distribution_id, "person_id": person_id},
        )

    def calculate_revenue(self, body: shapes.Calculate) -> shapes.CalculationOut:
        """Compute a split before anything is signed, by the rules of a day, and other terms beside it. Nothing
        is kept.
        """
        return self.send("POST", "/v1/revenue/calculations", {}, body=body, media="application/json")

    def list_rule_effects(self, body: shapes.WeighRules) -> shapes.EffectsOut:
        """Which distributions a pack would have made otherwise, had it been in the book. Changes none of them."""
        return self.send("POST", "/v1/revenue/rule-effects", {}, body=body, media="application/json")

    def get_conversion_report(self, unit_id: UUID | str, year: Value) -> shapes.ConversionReportOut:
        """What a unit's conversions brought in and gave in a year (ZJR art. 28), for the unit, market and
        authority.
        """
        return self.send(
            "GET",
            "/v1/organisations/{unit_id}/conversion-reports/{year}",
            {"unit_id": unit_id, "year": year},
        )

    def get_conversion_report_pdf(self, unit_id: UUID | str, year: Value) -> bytes:
        """The same as a page to hand in."""
        return self.send(
            "GET",
            "/v1/organisations/{unit_id}/conversion-reports/{year}/pdf",
            {"unit_id": unit_id, "year": year},
        )

    def get_conversion_report_sheet(self, unit_id: UUID | str, year: Value) -> bytes:
        """The same as a spreadsheet with every contract."""
        return self.send(
            "GET",
            "/v1/organisations/{unit_id}/conversion-reports/{year}/xlsx",
            {"unit_id": unit_id, "year": year},
        )

    def get_listing_evidence(self, listing_id: UUID | str) -> bytes:
        """The evidence package of a listing and all that grew out of it: for its owner, the market and the
        regulator.
        """
        return self.send("GET", "/v1/listings/{listing_id}/evidence", {"listing_id": listing_id})

    def get_trade_evidence(self, trade_id: UUID | str) -> bytes:
        """The evidence package of a trade: for its seller, the market and the regulator."""
        return self.send("GET", "/v1/trades/{trade_id}/evidence", {"trade_id": trade_id})

    def get_contract_evidence(self, contract_id: UUID | str) -> bytes:
        """The evidence package of a contract with its price notice: for the seller, the market and the
        regulator.
        """
        return self.send("GET", "/v1/contracts/{contract_id}/evidence", {"contract_id": contract_id})

    def get_project_file(self, trade_id: UUID | str) -> shapes.ProjectFileOut:
        """The public file of a project: its stage, what stood where and when, what was objected, how it was
        decided.
        """
        return self.send("GET", "/v1/trades/{trade_id}/file", {"trade_id": trade_id})

    def get_project_file_proof(self, trade_id: UUID | str) -> shapes.ProjectProofOut:
        """What `techmarket verify` checks offline: the texts of the file, and the log's entries that name them."""
        return self.send("GET", "/v1/trades/{trade_id}/file/proof", {"trade_id": trade_id})

    def import_rows(
        self,
        body: bytes,
        media: str,
        *,
        kind: Literal['offers', 'demands'],
        source: str,
        submit: bool | None = None,
        once: str | None = None,
    ) -> shapes.ImportOut:
        """Import offers or demands as JSON Lines, CSV or xlsx. A bad row is refused alone, with its reason;
        sending the same file again changes nothing. Rows commit in batches of 200, so a broken import is
        simply sent again.
        """
        return self.send(
            "POST",
            "/v1/imports",
            {},
            query={"kind": kind, "source": source, "submit": submit},
            body=body,
            media=media,
            keyed=True,
            once=once,
        )

    def get_import(self, import_id: UUID | str) -> shapes.ImportOut:
        """The report of an import."""
        return self.send("GET", "/v1/imports/{import_id}", {"import_id": import_id})

    def list_changes(
        self,
        *,
        type: list[str] | None = None,
        node: UUID | str | None = None,
        order: Literal['forwards', 'backwards'] | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.ChangesOut:
        """Everything you may know that happened, each change once and in order: committed changes only, so
        nothing ever appears before a cursor you hold. Everyone is told what is public, an organisation also
        what concerns it; what a thing looks like now is read at its own address. After a restore of the
        database old cursors are refused.
        """
        return self.send(
            "GET",
            "/v1/changes",
            {},
            query={"type": type, "node": node, "order": order, "cursor": cursor, "limit": limit},
        )

    def each_changes(
        self,
        *,
        type: list[str] | None = None,
        node: UUID | str | None = None,
        order: Literal['forwards', 'backwards'] | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.FeedChangeOut]:
        """Every entry of `list_changes`, page after page."""
        return self._each("/v1/changes", {}, {"type": type, "node": node, "order": order, "limit": limit})

    def get_import_mapping(self, source: Value, kind: Value) -> shapes.MappingOut:
        """How a source of your organisation names its columns."""
        return self.send("GET", "/v1/import-mappings/{source}/{kind}", {"source": source, "kind": kind})

    def set_import_mapping(self, source: Value, kind: Value, body: shapes.MappingIn) -> shapes.MappingOut:
        """Say how a source names its columns or members. Imports that are sent from now on are read by it."""
        return self.send(
            "PUT",
            "/v1/import-mappings/{source}/{kind}",
            {"source": source, "kind": kind},
            body=body,
            media="application/json",
        )

    def list_import_jobs(self, *, cursor: str | None = None, limit: int | None = None) -> shapes.ImportJobPage:
        """The imports of your organisation, the newest first."""
        return self.send("GET", "/v1/import-jobs", {}, query={"cursor": cursor, "limit": limit})

    def each_import_jobs(self, *, limit: int | None = None) -> Iterator[shapes.ImportJobOut]:
        """Every entry of `list_import_jobs`, page after page."""
        return self._each("/v1/import-jobs", {}, {"limit": limit})

    def queue_import(
        self,
        body: bytes,
        media: str,
        *,
        kind: shapes.ImportKind,
        source: str,
        submit: bool | None = None,
        once: str | None = None,
    ) -> shapes.ImportJobOut:
        """Send a file of at most 100,000 offers, demands or organisations. A worker imports it row by row: a bad
        row is refused alone, a row that is here unchanged has no effect, one that changed becomes a new
        version. Organisations, and rows with `organisation`, are for the operators of a node (of its own
        organisations) and of the market.
        """
        return self.send(
            "POST",
            "/v1/import-jobs",
            {},
            query={"kind": kind, "source": source, "submit": submit},
            body=body,
            media=media,
            keyed=True,
            once=once,
        )

    def get_import_job(self, import_id: UUID | str) -> shapes.ImportJobOut:
        """How far an import is."""
        return self.send("GET", "/v1/import-jobs/{import_id}", {"import_id": import_id})

    def cancel_import_job(self, import_id: UUID | str, *, once: str | None = None) -> shapes.ImportJobOut:
        """Stop an import. What was done until then stands."""
        return self.send(
            "POST",
            "/v1/import-jobs/{import_id}/cancellation",
            {"import_id": import_id},
            keyed=True,
            once=once,
        )

    def list_import_rows(
        self,
        import_id: UUID | str,
        *,
        outcome: shapes.OutcomeInput | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.RowPage:
        """What became of the rows that are done, in the order of the file."""
        return self.send(
            "GET",
            "/v1/import-jobs/{import_id}/rows",
            {"import_id": import_id},
            query={"outcome": outcome, "cursor": cursor, "limit": limit},
        )

    def each_import_rows(
        self,
        import_id: UUID | str,
        *,
        outcome: shapes.OutcomeInput | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.RowOut]:
        """Every entry of `list_import_rows`, page after page."""
        return self._each(
            "/v1/import-jobs/{import_id}/rows",
            {"import_id": import_id},
            {"outcome": outcome, "limit": limit},
        )

    def download_import_report(self, import_id: UUID | str) -> bytes:
        """The report of an import as JSON Lines: what became of each row that is done."""
        return self.send("GET", "/v1/import-jobs/{import_id}/report.jsonl", {"import_id": import_id})

    def download_import_table(self, import_id: UUID | str) -> bytes:
        """The report of an import as a table."""
        return self.send("GET", "/v1/import-jobs/{import_id}/report.csv", {"import_id": import_id})

    def list_syndicated(
        self,
        *,
        node: UUID | str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.SyndicationPage:
        """Listings of this market that changed for everyone, each once and as it is now, signed, for another
        market to show. Keep `next_cursor` and ask again with it. A verified organisation's key opens the
        terms for registered readers, too.
        """
        return self.send(
            "GET",
            "/v1/syndication/listings",
            {},
            query={"node": node, "cursor": cursor, "limit": limit},
        )

    def each_syndicated(
        self,
        *,
        node: UUID | str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.SyndicationItemOut]:
        """Every entry of `list_syndicated`, page after page."""
        return self._each("/v1/syndication/listings", {}, {"node": node, "limit": limit})

    def get_origin(self, listing_id: UUID | str) -> shapes.OriginOut:
        """Where a listing comes from that another market has published, with what that market signed of it."""
        return self.send("GET", "/v1/listings/{listing_id}/origin", {"listing_id": listing_id})

    def list_sources(self) -> shapes.SourceList:
        """The markets whose listings are shown here, how far each was read, and what is wrong."""
        return self.send("GET", "/v1/syndication/sources", {})

    def add_source(self, body: shapes.SourceIn, *, once: str | None = None) -> shapes.SourceOut:
        """As an operator of the market, show another market's listings here. Its public keys as they are now are
        what it is trusted by: compare `kids` with what that market says of itself.
        """
        return self.send(
            "POST",
            "/v1/syndication/sources",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_source(self, source_id: UUID | str) -> shapes.SourceOut:
        """One of them."""
        return self.send("GET", "/v1/syndication/sources/{source_id}", {"source_id": source_id})

    def remove_source(self, source_id: UUID | str) -> None:
        """Follow it no more, and take everything of it down here."""
        return self.send("DELETE", "/v1/syndication/sources/{source_id}", {"source_id": source_id})

    def set_source_quota(self, source_id: UUID | str, body: shapes.QuotaIn) -> shapes.SourceOut:
        """How many of its listings are shown here at most. What is shown stays; room for more has it read once
        more.
        """
        return self.send(
            "PUT",
            "/v1/syndication/sources/{source_id}/quota",
            {"source_id": source_id},
            body=body,
            media="application/json",
        )

    def pause_source(self, source_id: UUID | str, *, once: str | None = None) -> shapes.SourceOut:
        """Read nothing more for now; what is shown stays."""
        return self.send(
            "POST",
            "/v1/syndication/sources/{source_id}/pause",
            {"source_id": source_id},
            keyed=True,
            once=once,
        )

    def resume_source(self, source_id: UUID | str, *, once: str | None = None) -> shapes.SourceOut:
        """Read on from where it was left."""
        return self.send(
            "POST",
            "/v1/syndication/sources/{source_id}/resumption",
            {"source_id": source_id},
            keyed=True,
            once=once,
        )

    def trust_source(self, source_id: UUID | str, *, once: str | None = None) -> shapes.SourceOut:
        """After a look at why it is distrusted, trust the keys that it shows now. Everything is read and
        compared anew.
        """
        return self.send(
            "POST",
            "/v1/syndication/sources/{source_id}/trust",
            {"source_id": source_id},
            keyed=True,
            once=once,
        )

    def list_nodes(self) -> shapes.NodeList:
        """All nodes by their codes, those that have ended too."""
        return self.send("GET", "/v1/nodes", {})

    def appoint_node(self, body: shapes.NodeIn, *, once: str | None = None) -> shapes.NodeOut:
        """As an operator of the market, make a verified organisation a node. Its administrators give their own
        people the role OPERATOR; those act on what is of the node, and on nothing else.
        """
        return self.send("POST", "/v1/nodes", {}, body=body, media="application/json", keyed=True, once=once)

    def get_node(self, node_id: UUID | str) -> shapes.NodeOut:
        """One node with the regions it looks after."""
        return self.send("GET", "/v1/nodes/{node_id}", {"node_id": node_id})

    def set_node_regions(self, node_id: UUID | str, body: shapes.RegionsIn) -> shapes.NodeOut:
        """Set the regions of a node. Who registers in one of them from now on belongs to it; the most exact code
        counts.
        """
        return self.send(
            "PUT",
            "/v1/nodes/{node_id}/regions",
            {"node_id": node_id},
            body=body,
            media="application/json",
        )

    def end_node(self, node_id: UUID | str, *, once: str | None = None) -> shapes.NodeOut:
        """End a node: its organisations and their listings are of none from now on. What it is owed stays owed."""
        return self.send("POST", "/v1/nodes/{node_id}/end", {"node_id": node_id}, keyed=True, once=once)

    def move_organisation_to_node(self, node_id: UUID | str, organisation_id: UUID | str) -> None:
        """Move an organisation to this node, with all its listings."""
        return self.send(
            "PUT",
            "/v1/nodes/{node_id}/organisations/{organisation_id}",
            {"node_id": node_id, "organisation_id": organisation_id},
        )

    def take_organisation_from_node(self, node_id: UUID | str, organisation_id: UUID | str) -> None:
        """Take an organisation out of this node; it belongs to none. Where that is so already, nothing happens."""
        return self.send(
            "DELETE",
            "/v1/nodes/{node_id}/organisations/{organisation_id}",
            {"node_id": node_id, "organisation_id": organisation_id},
        )

    def get_node_statement(
        self,
        node_id: UUID | str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.NodeStatementOut:
        """What a node got of each of the market's fees, the newest first, for its own people and the market."""
        return self.send(
            "GET",
            "/v1/nodes/{node_id}/statement",
            {"node_id": node_id},
            query={"cursor": cursor, "limit": limit},
        )

    def each_get_node_statement(
        self,
        node_id: UUID | str,
        *,
        limit: int | None = None,
    ) -> Iterator[shapes.ShareOut]:
        """Every entry of `get_node_statement`, page after page."""
        return self._each("/v1/nodes/{node_id}/statement", {"node_id": node_id}, {"limit": limit})

    def pay_node(self, node_id: UUID | str, *, once: str | None = None) -> shapes.NodePayoutOut:
        """As the market's finance, pay a node all that it is owed: one payout, which goes the way of all
        payouts.
        """
        return self.send("POST", "/v1/nodes/{node_id}/payouts", {"node_id": node_id}, keyed=True, once=once)

    def invite_first_administrator(
        self,
        organisation_id: UUID | str,
        body: shapes.FirstAdministratorIn,
        *,
        once: str | None = None,
    ) -> shapes.FirstAdministratorOut:
        """As an operator of the market, or of its node, invite the first administrator of an organisation that
        was imported and has nobody yet. It is verified by another operator; an invitation given before is
        worth nothing any more.
        """
        return self.send(
            "POST",
            "/v1/organisations/{organisation_id}/first-administrator",
            {"organisation_id": organisation_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_recoveries_of_organisation(
        self,
        organisation_id: UUID | str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.RecoveryPage:
        """Whom operators wanted to administer your organisation, why, and what became of it; the newest first."""
        return self.send(
            "GET",
            "/v1/organisations/{organisation_id}/administrator-recoveries",
            {"organisation_id": organisation_id},
            query={"cursor": cursor, "limit": limit},
        )

    def each_recoveries_of_organisation(
        self,
        organisation_id: UUID | str,
        *,
        limit: int | None = None,
    ) -> Iterator[shapes.RecoveryOut]:
        """Every entry of `list_recoveries_of_organisation`, page after page."""
        return self._each(
            "/v1/organisations/{organisation_id}/administrator-recoveries",
            {"organisation_id": organisation_id},
            {"limit": limit},
        )

    def propose_administrator(
        self,
        organisation_id: UUID | str,
        body: shapes.ProposeAdministrator,
        *,
        once: str | None = None,
    ) -> shapes.RecoveryOut:
        """As an operator, propose who shall administer an organisation that has lost its administrators (恢复管理员).
        Its people are told at once.
        """
        return self.send(
            "POST",
            "/v1/organisations/{organisation_id}/administrator-recoveries",
            {"organisation_id": organisation_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_administrator_recoveries(
        self,
        *,
        state: shapes.RecoveryState | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.RecoveryPage:
        """All recoveries for the market's staff, the newest first."""
        return self.send(
            "GET",
            "/v1/administrator-recoveries",
            {},
            query={"state": state, "cursor": cursor, "limit": limit},
        )

    def each_administrator_recoveries(
        self,
        *,
        state: shapes.RecoveryState | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.RecoveryOut]:
        """Every entry of `list_administrator_recoveries`, page after page."""
        return self._each("/v1/administrator-recoveries", {}, {"state": state, "limit": limit})

    def get_administrator_recovery(self, recovery_id: UUID | str) -> shapes.RecoveryOut:
        """One of them, for the organisation and the market."""
        return self.send("GET", "/v1/administrator-recoveries/{recovery_id}", {"recovery_id": recovery_id})

    def read_recovery_evidence(self, recovery_id: UUID | str) -> bytes:
        """The paper it rests on, for the market's operators and administrators."""
        return self.send("GET", "/v1/administrator-recoveries/{recovery_id}/evidence", {"recovery_id": recovery_id})

    def agree_to_administrator(self, recovery_id: UUID | str, *, once: str | None = None) -> shapes.RecoveryOut:
        """As another operator, whose credentials come from another hand, agree. From now on the organisation has
        the time of the rulebook (`organisation.administrator.objection_length`) to object.
        """
        return self.send(
            "POST",
            "/v1/administrator-recoveries/{recovery_id}/agreement",
            {"recovery_id": recovery_id},
            keyed=True,
            once=once,
        )

    def object_to_administrator(
        self,
        recovery_id: UUID | str,
        body: shapes.ObjectToAdministrator,
        *,
        once: str | None = None,
    ) -> shapes.RecoveryOut:
        """As a living administrator of the organisation or its contact (where it has neither: as anybody of it),
        object: the invitation does not go out.
        """
        return self.send(
            "POST",
            "/v1/administrator-recoveries/{recovery_id}/objection",
            {"recovery_id": recovery_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def withdraw_administrator(self, recovery_id: UUID | str, *, once: str | None = None) -> shapes.RecoveryOut:
        """As an operator, stop it, as long as the invitation is not out."""
        return self.send(
            "POST",
            "/v1/administrator-recoveries/{recovery_id}/withdrawal",
            {"recovery_id": recovery_id},
            keyed=True,
            once=once,
        )

    def take_invitation_part(self, recovery_id: UUID | str, *, once: str | None = None) -> shapes.InvitationPartOut:
        """When the time to object is over and nobody did, take your part of the invitation, once, and hand it to
        the new administrator. The other operator has the other part; both together are the token of
        `acceptInvitation`.
        """
        return self.send(
            "POST",
            "/v1/administrator-recoveries/{recovery_id}/invitation",
            {"recovery_id": recovery_id},
            keyed=True,
            once=once,
        )

    def list_webhooks(self) -> shapes.WebhookList:
        """Your organisation's webhooks that have not been ended."""
        return self.send("GET", "/v1/webhooks", {})

    def add_webhook(self, body: shapes.WebhookIn, *, once: str | None = None) -> shapes.WebhookOut:
        """Have every change sent to you from now on, signed as the Standard Webhooks specification says. The
        secret is shown this once. A message that is not answered with 2xx within 15 seconds is sent again, up
        to ten times within about three days.
        """
        return self.send("POST", "/v1/webhooks", {}, body=body, media="application/json", keyed=True, once=once)

    def get_webhook(self, webhook_id: UUID | str) -> shapes.WebhookOut:
        """One webhook, and how many messages wait for it."""
        return self.send("GET", "/v1/webhooks/{webhook_id}", {"webhook_id": webhook_id})

    def change_webhook(self, webhook_id: UUID | str, body: shapes.WebhookChange) -> shapes.WebhookOut:
        """Send elsewhere, or other types, from now on; what waits goes to the new address."""
        return self.send(
            "PATCH",
            "/v1/webhooks/{webhook_id}",
            {"webhook_id": webhook_id},
            body=body,
            media="application/json",
        )

    def end_webhook(self, webhook_id: UUID | str) -> None:
        """Have nothing sent there any more."""
        return self.send("DELETE", "/v1/webhooks/{webhook_id}", {"webhook_id": webhook_id})

    def enable_webhook(self, webhook_id: UUID | str, *, once: str | None = None) -> shapes.WebhookOut:
        """Send again after it was disabled: what waited, and everything since. Nothing is lost meanwhile."""
        return self.send(
            "POST",
            "/v1/webhooks/{webhook_id}/enablement",
            {"webhook_id": webhook_id},
            keyed=True,
            once=once,
        )

    def rotate_webhook_secret(
        self,
        webhook_id: UUID | str,
        body: shapes.RotateIn,
        *,
        once: str | None = None,
    ) -> shapes.WebhookOut:
        """Another secret, shown this once. Until the overlap ends, `webhook-signature` holds one signature by
        each.
        """
        return self.send(
            "POST",
            "/v1/webhooks/{webhook_id}/secret",
            {"webhook_id": webhook_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def ping_webhook(self, webhook_id: UUID | str, *, once: str | None = None) -> shapes.DeliveryOut:
        """Have a message sent that says nothing (`webhook.ping`), to see whether it arrives."""
        return self.send(
            "POST",
            "/v1/webhooks/{webhook_id}/ping",
            {"webhook_id": webhook_id},
            keyed=True,
            once=once,
        )

    def replay_messages(
        self,
        webhook_id: UUID | str,
        body: shapes.ReplayIn,
        *,
        once: str | None = None,
    ) -> shapes.ReplayOut:
        """Send every message again that was written in a span of time, each under the id it had."""
        return self.send(
            "POST",
            "/v1/webhooks/{webhook_id}/replays",
            {"webhook_id": webhook_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_deliveries(
        self,
        webhook_id: UUID | str,
        *,
        state: shapes.DeliveryState | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.DeliveryPage:
        """What became of every message, the newest first."""
        return self.send(
            "GET",
            "/v1/webhooks/{webhook_id}/deliveries",
            {"webhook_id": webhook_id},
            query={"state": state, "cursor": cursor, "limit": limit},
        )

    def each_deliveries(
        self,
        webhook_id: UUID | str,
        *,
        state: shapes.DeliveryState | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.DeliveryOut]:
        """Every entry of `list_deliveries`, page after page."""
        return self._each(
            "/v1/webhooks/{webhook_id}/deliveries",
            {"webhook_id": webhook_id},
            {"state": state, "limit": limit},
        )

    def get_delivery(self, delivery_id: UUID | str) -> shapes.DeliveryOut:
        """One message with its bytes, and every attempt to deliver it."""
        return self.send("GET", "/v1/webhook-deliveries/{delivery_id}", {"delivery_id": delivery_id})

    def replay_delivery(self, delivery_id: UUID | str, *, once: str | None = None) -> shapes.DeliveryOut:
        """Send one message again, under the id it had."""
        return self.send(
            "POST",
            "/v1/webhook-deliveries/{delivery_id}/replay",
            {"delivery_id": delivery_id},
            keyed=True,
            once=once,
        )

    def list_work(
        self,
        *,
        kind: list[str] | None = None,
        object_id: UUID | str | None = None,
        due_before: datetime | str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.WorkPageOut:
        """What waits for you, the most urgent first: only what you may do, with the operation that does it.
        Nothing of it is stored, so what was done is gone at the next look, whoever did it.
        """
        return self.send(
            "GET",
            "/v1/work",
            {},
            query={"kind": kind, "object_id": object_id, "due_before": due_before, "cursor": cursor, "limit": limit},
        )

    def each_work(
        self,
        *,
        kind: list[str] | None = None,
        object_id: UUID | str | None = None,
        due_before: datetime | str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.WorkOut]:
        """Every entry of `list_work`, page after page."""
        return self._each(
            "/v1/work",
            {},
            {"kind": kind, "object_id": object_id, "due_before": due_before, "limit": limit},
        )

    def count_work(self) -> shapes.WorkCountsOut:
        """How much of each kind waits for you, how much of it is late, and when the next is due. Kinds without
        work are left out.
        """
        return self.send("GET", "/v1/work/counts", {})

    def list_notifications(
        self,
        *,
        state: Literal['unread', 'read', 'archived', 'all'] | None = None,
        kind: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.InboxOut:
        """What you were told, the newest first: each thing once, and never more than you may know. `all` is
        everything that you have not put away.
        """
        return self.send(
            "GET",
            "/v1/notifications",
            {},
            query={"state": state, "kind": kind, "cursor": cursor, "limit": limit},
        )

    def each_notifications(
        self,
        *,
        state: Literal['unread', 'read', 'archived', 'all'] | None = None,
        kind: str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.NotificationOut]:
        """Every entry of `list_notifications`, page after page."""
        return self._each("/v1/notifications", {}, {"state": state, "kind": kind, "limit": limit})

    def mark_notifications(
        self,
        body: shapes.NotificationMarkIn,
        *,
        once: str | None = None,
    ) -> shapes.NotificationsMarkedOut:
        """Mark notifications as read, as unread, or put them away. Marking twice changes nothing."""
        return self.send(
            "POST",
            "/v1/notification-marks",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_notification_preferences(self) -> shapes.NotificationPreferencesOut:
        """How you want to be told, in the organisation you act for, and all kinds that there are."""
        return self.send("GET", "/v1/me/notification-preferences", {})

    def put_notification_preferences(
        self,
        body: shapes.NotificationPreferencesIn,
    ) -> shapes.NotificationPreferencesOut:
        """Say anew how you want to be told: not at all, in the inbox alone, by mail at once, or in one mail each
        morning at eight, Beijing time. The narrowest word counts.
        """
        return self.send("PUT", "/v1/me/notification-preferences", {}, body=body, media="application/json")

    def get_mail_address(self) -> shapes.MailAddressOut:
        """Where your mail goes, and in which language."""
        return self.send("GET", "/v1/me/mail-address", {})

    def put_mail_address(self, body: shapes.MailAddressIn) -> shapes.MailAddressOut:
        """Say where mail is to go. A code of eight digits is sent there; nothing else is before it has come
        back.
        """
        return self.send("PUT", "/v1/me/mail-address", {}, body=body, media="application/json")

    def drop_mail_address(self) -> None:
        """No mail any more. The inbox goes on."""
        return self.send("DELETE", "/v1/me/mail-address", {})

    def confirm_mail_address(self, body: shapes.MailCodeIn, *, once: str | None = None) -> shapes.MailAddressOut:
        """Bring back the code. A wrong one leaves the address unconfirmed; ten of them end it, and so does a
        day.
        """
        return self.send(
            "POST",
            "/v1/me/mail-address/confirmation",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_opening_officers(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.OpeningOfficerPage:
        """Whom the market asks to hold shares of sealed lots, and how everybody who did came to the openings
        (operator).
        """
        return self.send("GET", "/v1/opening-officers", {}, query={"cursor": cursor, "limit": limit})

    def each_opening_officers(self, *, limit: int | None = None) -> Iterator[shapes.OpeningOfficerOut]:
        """Every entry of `list_opening_officers`, page after page."""
        return self._each("/v1/opening-officers", {}, {"limit": limit})

    def list_releases(self, *, cursor: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """A release package (OCDS 1.1) of public trades, the newest first; `limit` counts trades. A package
        holds at least one release, so a market without a public trade has none.
        """
        return self.send("GET", "/v1/open-data/ocds/releases", {}, query={"cursor": cursor, "limit": limit})

    def list_records(self, *, cursor: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """A record package (OCDS 1.1) of public trades, the newest first: of each its releases, what they come
        to, and every value that it had.
        """
        return self.send("GET", "/v1/open-data/ocds/records", {}, query={"cursor": cursor, "limit": limit})

    def get_record(self, ocid: Value) -> dict[str, Any]:
        """A record package (OCDS 1.1) of one trade: the releases that led there, and what they come to."""
        return self.send("GET", "/v1/open-data/ocds/records/{ocid}", {"ocid": ocid})

    def get_withheld_extension(self) -> dict[str, Any]:
        """The OCDS extension by which a release says what is not published, and why."""
        return self.send("GET", "/v1/open-data/withheld-information/extension.json", {})

    def get_withheld_extension_schema(self) -> dict[str, Any]:
        """The schema of that extension, to be merged into the release schema."""
        return self.send("GET", "/v1/open-data/withheld-information/release-schema.json", {})

    def get_dictionary(self) -> bytes:
        """What the columns of the table mean (数据字典)."""
        return self.send("GET", "/v1/open-data/dictionary.csv", {})

    def import_releases(self, body: dict[str, Any], *, once: str | None = None) -> shapes.ForeignImportOut:
        """Keep the releases of another publisher's package as they are. Sending it again changes nothing."""
        return self.send(
            "POST",
            "/v1/open-data/ocds/foreign-releases",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_foreign_record(self, *, ocid: str) -> dict[str, Any]:
        """What your organisation brought of a process, as a record package: every release as it came, and what
        they come to by the standard's rules of merging. `versionedRelease` is left out where it would be far
        larger than they are.
        """
        return self.send("GET", "/v1/open-data/ocds/foreign-records", {}, query={"ocid": ocid})

    def download_releases(self) -> bytes:
        """Every public trade as one compiled OCDS release a line."""
        return self.send("GET", "/v1/open-data/ocds/releases.jsonl", {})

    def download_records(self) -> bytes:
        """Every public trade as one OCDS record a line: releases, what they come to, and all versions."""
        return self.send("GET", "/v1/open-data/ocds/records.jsonl", {})

    def download_trades(self) -> bytes:
        """Every public trade as a table; `GET /v1/open-data/dictionary.csv` tells what the columns mean."""
        return self.send("GET", "/v1/open-data/trades.csv", {})

    def list_bank_statements(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.BankStatementPage:
        """The statements of the market's account, the newest first."""
        return self.send("GET", "/v1/bank/statements", {}, query={"cursor": cursor, "limit": limit})

    def each_bank_statements(self, *, limit: int | None = None) -> Iterator[shapes.BankStatementOut]:
        """Every entry of `list_bank_statements`, page after page."""
        return self._each("/v1/bank/statements", {}, {"limit": limit})

    def upload_bank_statement(
        self,
        body: bytes,
        media: str,
        *,
        once: str | None = None,
    ) -> shapes.BankStatementOut | shapes.MoneyActOut:
        """Upload a statement of the market's account (camt.053 or CSV): money nobody told of is entered, payouts
        that left are confirmed, the rest waits for a person. All of it or nothing; the same file again has no
        second effect. What would move more than the market's limit waits (202) until a second person uploads
        the same bytes.
        """
        return self.send("POST", "/v1/bank/statements", {}, body=body, media=media, keyed=True, once=once)

    def void_bank_statement(
        self,
        statement_id: UUID | str,
        body: shapes.VoidStatement,
        *,
        once: str | None = None,
    ) -> shapes.BankStatementOut | shapes.MoneyActOut:
        """Take back the last statement if it was a wrong one, by two people: what it entered is reversed, and
        the right one takes its place.
        """
        return self.send(
            "POST",
            "/v1/bank/statements/{statement_id}/voiding",
            {"statement_id": statement_id},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def get_settlement_account(self) -> shapes.BankAccountOut:
        """Where payers send their money."""
        return self.send("GET", "/v1/bank/account", {})

    def declare_settlement_account(
        self,
        body: shapes.DeclareAccount,
        *,
        once: str | None = None,
    ) -> shapes.BankAccountOut | shapes.MoneyActOut:
        """Say, by two people, which account is the market's settlement account; only statements of it are taken."""
        return self.send("POST", "/v1/bank/account", {}, body=body, media="application/json", keyed=True, once=once)

    def list_bank_statement_entries(
        self,
        statement_id: UUID | str,
        *,
        state: shapes.EntryState | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.EntryPage:
        """The bookings of a statement in its order; the open ones wait for a person."""
        return self.send(
            "GET",
            "/v1/bank/statements/{statement_id}/entries",
            {"statement_id": statement_id},
            query={"state": state, "cursor": cursor, "limit": limit},
        )

    def each_bank_statement_entries(
        self,
        statement_id: UUID | str,
        *,
        state: shapes.EntryState | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.BankEntryOut]:
        """Every entry of `list_bank_statement_entries`, page after page."""
        return self._each(
            "/v1/bank/statements/{statement_id}/entries",
            {"statement_id": statement_id},
            {"state": state, "limit": limit},
        )

    def explain_bank_charge(
        self,
        statement_id: UUID | str,
        n: Value,
        *,
        once: str | None = None,
    ) -> shapes.BankEntryOut | shapes.MoneyActOut:
        """Say that money which left for no payout was a charge of the bank: it becomes the market's own expense.
        Above the market's limit two people say it.
        """
        return self.send(
            "POST",
            "/v1/bank/statements/{statement_id}/entries/{n}/charge",
            {"statement_id": statement_id, "n": n},
            keyed=True,
            once=once,
        )

    def close_bank_day(self, day: Value, *, once: str | None = None) -> shapes.DayOut:
        """Close a day: every book sums to nought, and escrow and own money are what the bank says it holds."""
        return self.send("POST", "/v1/bank/days/{day}/closing", {"day": day}, keyed=True, once=once)

    def list_bank_days(self, *, cursor: str | None = None, limit: int | None = None) -> shapes.DayPage:
        """The closed days with their figures, the newest first."""
        return self.send("GET", "/v1/bank/days", {}, query={"cursor": cursor, "limit": limit})

    def each_bank_days(self, *, limit: int | None = None) -> Iterator[shapes.DayOut]:
        """Every entry of `list_bank_days`, page after page."""
        return self._each("/v1/bank/days", {}, {"limit": limit})

    def search(
        self,
        *,
        q: str | None = None,
        kind: shapes.ListingKind | None = None,
        field: str | None = None,
        industry: str | None = None,
        region: str | None = None,
        mode: shapes.ListingsMode | None = None,
        price_min: str | None = None,
        price_max: str | None = None,
        trl_min: int | None = None,
        right_kind: shapes.RightKind | None = None,
        node: UUID | str | None = None,
        sort: shapes.Sort | None = None,
        facets: bool | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.FoundPage:
        """Find offers and demands by words and filters, over what you may see. Each result names the terms that
        hit. The number of a patent or another right, as the whole query, is looked up exactly, and nearly
        where nobody has it.
        """
        return self.send(
            "GET",
            "/v1/search",
            {},
            query={"q": q, "kind": kind, "field": field, "industry": industry, "region": region, "mode": mode, "price_min": price_min, "price_max": price_max, "trl_min": trl_min, "right_kind": right_kind, "node": node, "sort": sort, "facets": facets, "cursor": cursor, "limit": limit},
        )

    def each_search(
        self,
        *,
        q: str | None = None,
        kind: shapes.ListingKind | None = None,
        field: str | None = None,
        industry: str | None = None,
        region: str | None = None,
        mode: shapes.ListingsMode | None = None,
        price_min: str | None = None,
        price_max: str | None = None,
        trl_min: int | None = None,
        right_kind: shapes.RightKind | None = None,
        node: UUID | str | None = None,
        sort: shapes.Sort | None = None,
        facets: bool | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.FoundOut]:
        """Every entry of `search`, page after page."""
        return self._each(
            "/v1/search",
            {},
            {"q": q, "kind": kind, "field": field, "industry": industry, "region": region, "mode": mode, "price_min": price_min, "price_max": price_max, "trl_min": trl_min, "right_kind": right_kind, "node": node, "sort": sort, "facets": facets, "limit": limit},
        )

    def suggest_search(self, *, q: str) -> shapes.Suggestions:
        """How titles, keywords and holders of listings go on from what was typed; the most frequent first."""
        return self.send("GET", "/v1/search/suggestions", {}, query={"q": q})

    def list_matches(
        self,
        listing_id: UUID | str,
        *,
        region: str | None = None,
        right_kind: shapes.RightKind | None = None,
        missed: bool | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.MatchPage:
        """Offers that fit a demand, or demands that fit an offer, best first, each with its explanation. A match
        comes from another organisation and misses neither mode nor budget nor maturity where both sides state
        it.
        """
        return self.send(
            "GET",
            "/v1/listings/{listing_id}/matches",
            {"listing_id": listing_id},
            query={"region": region, "right_kind": right_kind, "missed": missed, "cursor": cursor, "limit": limit},
        )

    def each_matches(
        self,
        listing_id: UUID | str,
        *,
        region: str | None = None,
        right_kind: shapes.RightKind | None = None,
        missed: bool | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.MatchOut]:
        """Every entry of `list_matches`, page after page."""
        return self._each(
            "/v1/listings/{listing_id}/matches",
            {"listing_id": listing_id},
            {"region": region, "right_kind": right_kind, "missed": missed, "limit": limit},
        )

    def get_match_answer(self, answer_id: UUID | str) -> shapes.AnswerOut:
        """An answer as it was given to you, with everything that went in, computed again."""
        return self.send("GET", "/v1/match-answers/{answer_id}", {"answer_id": answer_id})

    def give_match_feedback(
        self,
        listing_id: UUID | str,
        other_id: UUID | str,
        body: shapes.FeedbackIn,
    ) -> shapes.FeedbackOut:
        """As the owner of a listing, say whether a match that you were shown is of interest; again to change it."""
        return self.send(
            "PUT",
            "/v1/listings/{listing_id}/matches/{other_id}/feedback",
            {"listing_id": listing_id, "other_id": other_id},
            body=body,
            media="application/json",
        )

    def list_match_feedback(self, listing_id: UUID | str) -> shapes.FeedbackList:
        """What your organisation has said of the matches of its listing."""
        return self.send("GET", "/v1/listings/{listing_id}/match-feedback", {"listing_id": listing_id})

    def get_my_profile(self) -> shapes.ProfileOut:
        """What you say of yourself so that you can be found."""
        return self.send("GET", "/v1/me/profile", {})

    def put_my_profile(self, body: shapes.ProfileIn) -> shapes.ProfileOut:
        """Say what you are good at, and whether you want to be found; only the qualified are."""
        return self.send("PUT", "/v1/me/profile", {}, body=body, media="application/json")

    def list_matching_people(
        self,
        listing_id: UUID | str,
        *,
        kind: Literal['TECHNOLOGY_MANAGER', 'EXPERT'] | None = None,
        region: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> shapes.PeoplePageOut:
        """Technology managers or experts for a listing: qualified today and willing to be found, best first,
        with why.
        """
        return self.send(
            "GET",
            "/v1/listings/{listing_id}/people",
            {"listing_id": listing_id},
            query={"kind": kind, "region": region, "cursor": cursor, "limit": limit},
        )

    def each_matching_people(
        self,
        listing_id: UUID | str,
        *,
        kind: Literal['TECHNOLOGY_MANAGER', 'EXPERT'] | None = None,
        region: str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.PersonMatchOut]:
        """Every entry of `list_matching_people`, page after page."""
        return self._each(
            "/v1/listings/{listing_id}/people",
            {"listing_id": listing_id},
            {"kind": kind, "region": region, "limit": limit},
        )

    def list_saved_searches(self, *, cursor: str | None = None, limit: int | None = None) -> shapes.SavedSearchPage:
        """Your running searches, newest first."""
        return self.send("GET", "/v1/saved-searches", {}, query={"cursor": cursor, "limit": limit})

    def each_saved_searches(self, *, limit: int | None = None) -> Iterator[shapes.SavedSearchOut]:
        """Every entry of `list_saved_searches`, page after page."""
        return self._each("/v1/saved-searches", {}, {"limit": limit})

    def save_search(self, body: shapes.SavedSearchIn, *, once: str | None = None) -> shapes.SavedSearchOut:
        """Save a search: what is published from now on and fits is told you, once each."""
        return self.send(
            "POST",
            "/v1/saved-searches",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def end_saved_search(self, search_id: UUID | str) -> None:
        """Be told nothing more of it."""
        return self.send("DELETE", "/v1/saved-searches/{search_id}", {"search_id": search_id})

    def unsubscribe(self, body: shapes.Unsubscription, *, once: str | None = None) -> None:
        """End a search by the token that came with it, without signing in."""
        return self.send(
            "POST",
            "/v1/unsubscriptions",
            {},
            body=body,
            media="application/json",
            keyed=True,
            once=once,
        )

    def list_alerts(self, *, cursor: str | None = None, limit: int | None = None) -> shapes.AlertPage:
        """What your searches found, oldest first. Keep the last cursor: nothing comes twice, and nothing is
        missed.
        """
        return self.send("GET", "/v1/alerts", {}, query={"cursor": cursor, "limit": limit})

    def each_alerts(self, *, limit: int | None = None) -> Iterator[shapes.AlertOut]:
        """Every entry of `list_alerts`, page after page."""
        return self._each("/v1/alerts", {}, {"limit": limit})

    def get_blind_matching(self, listing_id: UUID | str) -> shapes.BlindOut:
        """As the owner, see which listings meet yours inside undisclosed text, as far as you may see them."""
        return self.send("GET", "/v1/listings/{listing_id}/blind-matching", {"listing_id": listing_id})

    def set_blind_matching(self, listing_id: UUID | str, body: shapes.BlindIn) -> shapes.BlindOut:
        """As the owner, agree that undisclosed text is compared blindly, or take it back: then what was found
        goes.
        """
        return self.send(
            "PUT",
            "/v1/listings/{listing_id}/blind-matching",
            {"listing_id": listing_id},
            body=body,
            media="application/json",
        )
