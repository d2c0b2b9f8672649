"""Who may do what in review: role × action × whose."""

from __future__ import annotations

from shared.identity import PermissionTable, Whose

_PROVINCE = {"province": Whose.PROVINCE}
_CENTRE = {"officer": Whose.ALL, "administrator": Whose.ALL}
_HEAD = {"administrator": Whose.ALL}

PERMISSIONS: PermissionTable = {
    # anybody who works here: leave, see one's own account
    "use_staff_account": {
        "province": Whose.OWN,
        "helper": Whose.OWN,
        "expert": Whose.OWN,
        "officer": Whose.OWN,
        "administrator": Whose.OWN,
    },
    # a province
    "read_province_cases": {"province": Whose.PROVINCE, "helper": Whose.PROVINCE},
    "recommend_cases": _PROVINCE,
    "submit_shortlist": _PROVINCE,
    "transfer_cases": _PROVINCE,
    # an expert
    "review_cases": {"expert": Whose.OWN},
    # the centre
    "read_centre": _CENTRE,
    "decide_contacts": _CENTRE,
    "check_eligibility": _CENTRE,
    "invite_experts": _CENTRE,
    "assign_experts": _CENTRE,
    "decide_results": _CENTRE,
    "disqualify_cases": _CENTRE,
    "grant_places": _CENTRE,
    "permit_late": _CENTRE,
    "decide_province": _CENTRE,
    "reissue_codes": _CENTRE,
    "run_campaign": _HEAD,
    "invite_staff": _HEAD,
    "publish_results": _HEAD,
}
