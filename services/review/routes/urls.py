"""The table of contents: every address of review, and the view that answers it."""

from __future__ import annotations

from flask import Blueprint

from services.review.routes import (
    at_hand,
    campaign_shown,
    centre,
    centre_assignment,
    centre_campaign,
    centre_cases,
    centre_decision,
    centre_eligibility,
    centre_experts,
    centre_late,
    centre_people,
    expert,
    province,
    province_shortlist,
    province_transfers,
    public,
    staff,
)

GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")

STAFF = (
    ("/staff", staff.start, GET),
    ("/staff/activate", staff.activate, BOTH),
    ("/staff/second-factor", staff.second_factor, BOTH),
    ("/staff/second-factor.svg", staff.second_factor_picture, GET),
    ("/staff/login", staff.login, BOTH),
    ("/staff/logout", staff.logout, BOTH),
    ("/staff/password", staff.password, BOTH),
)

PROVINCE = (
    ("/province", province.overview, GET),
    ("/province/cases", province.cases, GET),
    ("/province/cases/<case_id>", province.case, GET),
    ("/province/cases/<case_id>/mark", province.mark, BOTH),
    ("/province/cases/<case_id>/files/<file_id>", province.open_file, GET),
    ("/province/cases/<case_id>/transfer", province_transfers.offer, BOTH),
    ("/province/transfers", province_transfers.overview, GET),
    ("/province/transfers/<transfer_id>/accept", province_transfers.accept, BOTH),
    ("/province/transfers/<transfer_id>/decline", province_transfers.decline, BOTH),
    ("/province/recommend", province.recommend, BOTH),
    ("/province/shortlist", province_shortlist.shortlist, GET),
    ("/province/shortlist/move", province_shortlist.move, BOTH),
    ("/province/shortlist/confirm", province_shortlist.confirm, BOTH),
    ("/province/shortlist/none", province_shortlist.declare_none, BOTH),
    ("/province/shortlist/summary", province_shortlist.summary, GET),
    ("/province/shortlist.xlsx", province_shortlist.workbook, GET),
)

EXPERT = (
    ("/expert", expert.overview, GET),
    ("/expert/statement", expert.statement, BOTH),
    ("/expert/cases/<case_id>", expert.case, BOTH),
    ("/expert/cases/<case_id>/recuse", expert.recuse, BOTH),
    ("/expert/cases/<case_id>/files/<file_id>", expert.open_file, GET),
)

CENTRE = (
    ("/centre", centre.desk, GET),
    ("/centre/shortlists", centre.shortlists, GET),
    ("/centre/record", centre.record, GET),
    ("/centre/campaign", centre_campaign.overview, GET),
    ("/centre/campaign/<campaign_id>/publish", centre_campaign.publish, BOTH),
    ("/centre/campaign/extend", centre_campaign.extend, BOTH),
    ("/centre/campaign/places", centre_campaign.places, BOTH),
    ("/centre/late", centre_late.overview, GET),
    ("/centre/late/new", centre_late.give, BOTH),
    ("/centre/contacts", centre_people.contacts, GET),
    ("/centre/contacts/new", centre_people.new_contact, BOTH),
    ("/centre/contacts/<contact_id>", centre_people.contact, BOTH),
    ("/centre/contacts/<contact_id>/refuse", centre_people.refuse_contact, BOTH),
    ("/centre/accounts", centre_people.accounts, GET),
    ("/centre/accounts/new", centre_people.new_account, BOTH),
    ("/centre/accounts/<account_id>/code", centre_people.reissue, BOTH),
    ("/centre/eligibility", centre_eligibility.eligibility, GET),
    ("/centre/eligibility/confirm", centre_eligibility.confirm_many, BOTH),
    ("/centre/eligibility/<case_id>", centre_eligibility.check, BOTH),
    ("/centre/experts", centre_experts.experts, GET),
    ("/centre/experts/template.xlsx", centre_experts.template, GET),
    ("/centre/experts/import", centre_experts.import_file, BOTH),
    ("/centre/experts/import/confirm", centre_experts.import_confirmed, POST),
    ("/centre/assignment", centre_assignment.assignment, BOTH),
    ("/centre/assignment/<round_id>", centre_assignment.round_page, GET),
    ("/centre/assignment/<round_id>/publish", centre_assignment.publish, POST),
    ("/centre/scores", centre_assignment.scores, GET),
    ("/centre/decision", centre_decision.decision, GET),
    ("/centre/decision/sizes", centre_decision.sizes, BOTH),
    ("/centre/decision/cases/<case_id>", centre_decision.by_hand, BOTH),
    ("/centre/decision/publish", centre_decision.publish, BOTH),
    ("/centre/cases", centre_cases.cases, GET),
    ("/centre/cases/<case_id>", centre_cases.case, GET),
    ("/centre/cases/<case_id>/files/<file_id>", centre_cases.case_file, GET),
    ("/centre/cases/<case_id>/province", centre_cases.province, BOTH),
    ("/centre/cases/<case_id>/disqualification", centre_cases.propose, BOTH),
    ("/centre/disqualifications", centre_cases.proposals, GET),
    ("/centre/disqualifications/<proposal_id>", centre_cases.proposal, GET),
    ("/centre/disqualifications/<proposal_id>/confirm", centre_cases.confirm, POST),
    ("/centre/disqualifications/<proposal_id>/reject", centre_cases.reject, BOTH),
)

PUBLIC = (
    ("/results", public.results, GET),
    ("/results/<case_id>", public.result, GET),
    ("/showcase", public.showcase, GET),
)

pages = Blueprint("review", __name__)

for table in (STAFF, PROVINCE, EXPERT, CENTRE, PUBLIC):
    for rule, view, methods in table:
        endpoint = f"{view.__module__.rpartition('.')[2]}_{view.__name__}"
        pages.add_url_rule(rule, endpoint, view, methods=methods)

pages.context_processor(campaign_shown.surroundings)
pages.after_request(at_hand.renew_session)

BLUEPRINTS = (pages,)
