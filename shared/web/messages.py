"""Every message of the form library in Chinese."""

from __future__ import annotations

MESSAGES = {
    "This field is required.": "请填写此项。",
    "Input required.": "请填写此项。",
    "Not a valid choice.": "请从选项中选择一项。",
    "Not a valid choice": "请从选项中选择一项。",
    "Invalid Choice: could not coerce.": "请从选项中选择一项。",
    "Choices cannot be None.": "请从选项中选择一项。",
    "Not a valid integer value.": "请填写整数，例如12。",
    "Not a valid decimal value.": "请填写数字，例如12.5。",
    "Not a valid float value.": "请填写数字，例如12.5。",
    "Not a valid datetime value.": "请填写日期和时间，例如2024-10-15 14:03。",
    "Not a valid date value.": "请填写日期，例如2024-10-15。",
    "Not a valid time value.": "请填写时间，例如14:03。",
    "Not a valid week value.": "请填写有效的周。",
    "Invalid input.": "输入的内容格式不正确。",
    "Invalid email address.": "电子邮箱格式不正确，例如name@example.com。",
    "Invalid URL.": "网址格式不正确，例如https://example.com。",
    "Invalid IP address.": "IP地址格式不正确。",
    "Invalid Mac address.": "MAC地址格式不正确。",
    "Invalid UUID.": "编号格式不正确。",
    "Invalid field name '%s'.": "缺少对应的“%s”。",
    "Field must be equal to %(other_name)s.": "两次填写的内容不一致。",
    "Invalid choice(s): one or more data inputs could not be coerced.": "请从选项中选择。",
    "Field cannot be longer than %(max)d character.": "最多%(max)d个字。",
    "Field cannot be longer than %(max)d characters.": "最多%(max)d个字。",
    "Date must be at least %(min)s.": "日期不能早于%(min)s。",
    "Date must be at most %(max)s.": "日期不能晚于%(max)s。",
    "Date must be between %(min)s and %(max)s.": "日期应在%(min)s至%(max)s之间。",
    "Field must be at least %(min)d character long.": "至少%(min)d个字。",
    "Field must be at least %(min)d characters long.": "至少%(min)d个字。",
    "Field must be exactly %(max)d character long.": "应为%(max)d个字。",
    "Field must be exactly %(max)d characters long.": "应为%(max)d个字。",
    "Field must be between %(min)d and %(max)d characters long.": "应为%(min)d至%(max)d个字。",
    "Number must be at least %(min)s.": "不能小于%(min)s。",
    "Number must be at most %(max)s.": "不能大于%(max)s。",
    "Number must be between %(min)s and %(max)s.": "应在%(min)s至%(max)s之间。",
    "Invalid value, must be one of: %(values)s.": "应为其中之一：%(values)s。",
    "Invalid value, can't be any of: %(values)s.": "不能是：%(values)s。",
    "This field cannot be edited.": "此项不能修改。",
    "This field is disabled and cannot have a value.": "此项已停用，不能填写。",
    "'%(value)s' is not a valid choice for this field.": "“%(value)s”不在选项中，请重新选择。",
    "'%(value)s' are not valid choices for this field.": "“%(value)s”不在选项中，请重新选择。",
    "Invalid CSRF Token.": "页面已过期，请重新提交。",
    "CSRF token missing.": "页面已过期，请重新提交。",
    "CSRF failed.": "页面已过期，请重新提交。",
    "CSRF token expired.": "页面已过期，请重新提交。",
    "File does not have an approved extension: {extensions}": "文件格式不支持，可用的格式：{extensions}。",
    "File does not have an approved extension.": "文件格式不支持。",
}


class ChineseMessages:
    """The two calls the form library makes on a catalogue."""

    def gettext(self, text: str) -> str:
        """The Chinese for an English message; one nobody translated becomes a general request to check."""
        return MESSAGES.get(text, text if not text.isascii() else "内容格式不正确，请检查后重新填写。")

    def ngettext(self, one: str, many: str, number: int) -> str:
        """Chinese has one plural."""
        return self.gettext(one if number == 1 else many)
