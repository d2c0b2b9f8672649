"""Forms for files."""

from __future__ import annotations

from typing import Any

from flask import request
from wtforms import FileField, HiddenField, StringField
from wtforms.validators import ValidationError

from services.intake.routes.forms.fields import PlainChoice, choices
from shared.campaign.model import Campaign
from shared.web.forms import AtMost, ChineseForm, Filled, bare


class FileForm(ChineseForm):
    """One file through the plain form."""

    file = FileField("选择文件")
    kind = PlainChoice("材料类别")
    replaces = HiddenField()

    def offer(self, campaign: Campaign) -> None:
        """Fill the choices from the campaign."""
        self.kind.choices = choices(campaign.material_kinds)

    def validate_file(self, field: Any) -> None:
        """A file must come with the form."""
        found = request.files.get(field.name)
        if found is None or not found.filename:
            raise ValidationError("请先选择文件，再点击“上传”。")


class RenameForm(ChineseForm):
    """Another name or kind for a file."""

    name = StringField("文件名称", filters=[bare], validators=[Filled(), AtMost(120)])
    kind = PlainChoice("材料类别")

    def offer(self, campaign: Campaign) -> None:
        """Fill the choices from the campaign."""
        self.kind.choices = choices(campaign.material_kinds)
