"""How codes read on pages, in the notice's words."""

from __future__ import annotations

from shared.campaign.model import Campaign

OUTCOMES = {"exemplary": "典型案例", "showcase": "展示案例", "not-selected": "未入选"}
REPORTS = {"passed": "合格", "remarks": "有提示", "failed": "不合格", "": "检查中"}
MARKS = {"none": "待处理", "recommended": "推荐", "declined": "不推荐"}
ROLES = {
    "province": "省级联系人",
    "helper": "省级协助人员",
    "expert": "专家",
    "officer": "中心工作人员",
    "administrator": "中心管理员",
}
ACCOUNT_STATES = {"invited": "待激活", "active": "已启用", "closed": "已停用"}
CONTACT_STATES = {"waiting": "待审核", "approved": "已通过", "refused": "未通过"}
REVIEW_STATES = {"open": "待评分", "submitted": "已提交", "recused": "已回避"}
FILE_ROLES = {"document": "案例介绍文档", "material": "支撑材料", "sheet": "案例信息表（签名）"}


def category_name(campaign: Campaign, code: str) -> str:
    """A category by code; the code itself where the campaign does not know it."""
    return next((one.name for one in campaign.categories if one.code == code), code)


def province_name(campaign: Campaign, code: str) -> str:
    """A province by code; the code itself where the campaign does not know it."""
    return next((one.name for one in campaign.provinces if one.code == code), code)
