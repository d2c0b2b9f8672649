"""Words that teachers might have written: titles, summaries and the four parts of a case, different for each case."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from shared.counting import count

PART_NAMES = ("基本情况", "过程与举措", "经验与成效", "特色与创新")

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
_GIVEN = [
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "军",
    "洋",
    "勇",
    "艳",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "秀英",
    "桂英",
    "建华",
    "志强",
    "晓东",
    "海燕",
    "雪梅",
    "文博",
    "思远",
    "雨桐",
    "子涵",
    "欣怡",
    "梓轩",
    "嘉怡",
    "若曦",
    "慧敏",
    "国庆",
    "春梅",
    "丽华",
    "建国",
    "淑珍",
    "永强",
    "玉兰",
    "佳琪",
    "俊杰",
    "晓明",
    "立新",
    "红霞",
    "卫东",
    "秋菊",
    "家豪",
    "诗雅",
    "天佑",
]
_TITLES = ("高级教师", "一级教师", "二级教师", "正高级教师", "教研员", "副校长", "教务主任", "信息中心主任", "教研组长")
_SUBJECTS = (
    "语文",
    "数学",
    "英语",
    "物理",
    "化学",
    "生物",
    "历史",
    "地理",
    "道德与法治",
    "音乐",
    "体育",
    "美术",
    "信息科技",
    "科学",
)
_AIMS = (
    "数字赋能", "双师协同", "精准帮扶", "线上线下融合", "任务驱动", "名师引领", "数据支撑", "城乡共研", "课例深耕",
    "学科联动", "青蓝结对", "循证改进", "教研群助力", "假期研修接续", "平台资源本土化", "研训一体",
)  # fmt: skip
_SUBJECT_MATTER = {
    "region": ("区域教师研修的实践", "县域研修共同体的建设", "片区联动研修的探索", "全域推进教师数字素养提升的行动"),
    "school": ("校本研修的新样态", "常态化校本教研的实践", "教研组建设的路径", "新教师成长的校本方案"),
    "studio": (
        "线上名师工作室的建设与应用",
        "名校长工作室的协同发展",
        "工作室直播教研的实践",
        "工作室帮扶乡村教师的探索",
    ),
}

_BASICS = (
    "{unit}位于{province}，现有专任教师{n1}人，其中{subject}教师{n2}人，平均年龄{n3}岁。",
    "近三年新入职教师占比达到{p1}%，教师队伍年轻而有活力，但课堂经验不足，急需成体系的研修支持。",
    "过去的研修以集中讲座为主，内容与课堂脱节，教师参与被动，工学矛盾较为突出。",
    "国家中小学智慧教育平台上线以来，我们把平台应用列入年度重点工作，成立了由{leader}牵头的工作小组。",
    "调查显示，有{p2}%的教师希望获得与本学科直接相关的课例资源，{p3}%的教师希望研修时间更加灵活。",
    "{subject}教研组率先开展试点，组建教研群{n4}个，覆盖全部任教年级。",
    "结合本地实际，我们确定了“{aim}”的总体思路，力求让研修发生在真实的教学情境之中。",
    "案例自{year}年{month}月启动，历时{n5}个月，先后经历准备、试点、推广、总结四个阶段。",
    "信息化基础条件逐步改善，每间教室均可接入平台，教师人人拥有实名账号。",
    "教师年龄结构、信息素养存在差异，如何让不同起点的教师都有收获，是本案例着力解决的问题。",
    "周边{n4}所兄弟单位与我们条件相近，经验具有较强的可借鉴性。",
)
_PROCESS = (
    "一是建立机制。制定研修管理办法，明确管理员职责，将平台研修学时纳入教师年度考核，做到有计划、有督促、有总结。",
    "二是精选资源。由骨干教师从平台遴选{subject}课例{n2}节、专家讲座{n4}场，按主题编成研修清单，教师按需选学。",
    "三是组建共同体。以教研群为依托，每两周开展一次线上研讨，每月开展一次线下磨课，线上留痕、线下深化。",
    "四是任务驱动。每位教师每学期完成“看一节好课、写一份反思、上一节公开课、带一名伙伴”四项任务。",
    "在备课环节，教师先独立学习平台课程，再于教研群交流疑问，由{leader}汇总形成问题清单，集体备课时逐一研讨。",
    "在课堂环节，借助平台的授课工具呈现资源，课后推送分层练习，教师根据数据调整教学节奏。",
    "寒暑假研修期间，组织教师统一参训，完成率为{p4}%，并于开学前开展成果分享会。",
    "针对薄弱校点，安排{n4}名骨干教师结对帮扶，通过直播同步课堂，共听一节课、共评一节课。",
    "我们坚持安全底线，所有上传资源须经学科组与信息中心两级审核，确保政治性、科学性、规范性和适用性。",
    "为减轻教师负担，研修任务与日常备课合并进行，不另设台账，不重复填报。",
    "每月发布一次研修简报，公布各组进度与优秀反思，让先行者被看见，让后来者有样可循。",
    "建立问题反馈通道，教师在使用中遇到的问题，由管理员在{n4}个工作日内答复。",
    "第{n4}周起推行“一课三研”：初研定目标，再研改设计，三研看效果，每一轮均有观察量表。",
    "邀请省级教研员{leader}进行过程指导，先后诊断课堂{n2}节，提出改进意见{n1}条。",
)
_RESULTS = (
    "一年来，教师在平台累计学习{big}学时，人均{n3}学时，参与率由{p3}%提高到{p4}%。",
    "教师课堂发生明显变化，学生主动提问次数平均增加{n4}次，作业优秀率提高{p1}个百分点。",
    "{n4}名青年教师在市级以上教学评比中获奖，{n2}节课例被推荐为优质课例。",
    "形成研修案例集{n4}册、主题资源包{n4}个，在片区内共享使用{big}次。",
    "我们体会到，研修必须从教师的真实问题出发，用数据说话，用课堂检验，才能走深走实。",
    "管理者带头学、骨干示范学、全员跟进学，是保持研修热度的关键。",
    "教研群让不同学校的教师坐到了一起，乡村教师第一次与名师同备一节课。",
    "家长满意度由{p2}%上升到{p4}%，学生对{subject}课堂的喜爱程度明显提高。",
    "相关做法在县级教育工作会议上交流，先后有{n4}批次同行前来观摩。",
    "实践表明，机制保障、资源适切、任务清晰、评价跟进，四者缺一不可。",
    "问卷中有{p4}%的教师认为研修内容能够直接用于课堂，较启动之前提高{n3}个百分点。",
)
_INNOVATION = (
    "提出“{aim}”的研修模式，把平台资源、校本问题与课堂改进连成闭环。",
    "研制课堂观察量表{n4}份，使教研从凭经验走向讲证据。",
    "首创“资源合伙人”制度，教师既是使用者也是建设者，优质资源可以持续生长。",
    "以学分银行记录教师成长，学时、成果、贡献均可积累和转换。",
    "将直播教研常态化，每次直播均有主持、有议题、有回应、有归档，打破时空限制。",
    "把帮扶从送课下乡转变为同研共长，乡村教师由听众变为主讲人。",
    "注重可复制可推广，所用工具均来自平台，不增加任何经费投入。",
    "下一步，我们将继续深化“{aim}”，探索人工智能助力教研的新路径，扩大受益面。",
    "形成了“研前有诊断、研中有工具、研后有跟踪”的完整链条，具有鲜明的本土特色。",
    "与高校合作开展跟踪研究，用事实检验成效，用研究提升品质。",
)
_SENTENCES = dict(zip(PART_NAMES, (_BASICS, _PROCESS, _RESULTS, _INNOVATION), strict=True))
_SHARE = dict(zip(PART_NAMES, (0.2, 0.36, 0.26, 0.18), strict=True))


@dataclass(frozen=True)
class Story:
    """What one case is about; everything written for it comes from here."""

    title: str
    category: str
    unit: str
    province: str
    subject: str
    aim: str
    summary: str
    parts: dict[str, tuple[str, ...]]
    """Paragraphs by part."""

    @property
    def text(self) -> str:
        """Headings and paragraphs together, as they are counted."""
        return "\n".join([self.title, *(line for name, body in self.parts.items() for line in (name, *body))])


def person_name(chance: Random) -> str:
    """A Chinese name."""
    return chance.choice(_SURNAMES) + chance.choice(_GIVEN)


def job_title(chance: Random) -> str:
    """职称 or 职务."""
    return chance.choice(_TITLES)


def tell_story(chance: Random, *, category: str, unit: str, province: str, words: int) -> Story:
    """A case of about ``words`` 字, never more."""
    subject, aim = chance.choice(_SUBJECTS), chance.choice(_AIMS)
    title = f"{aim}：{unit}{subject}{chance.choice(_SUBJECT_MATTER[category])}"
    parts = {
        name: _paragraphs(chance, name, unit, province, subject, aim, int((words - 60) * _SHARE[name]))
        for name in PART_NAMES
    }
    summary = (
        f"本案例立足{unit}实际，以“{aim}”为主线，依托国家中小学智慧教育平台开展{subject}教师研修。"
        f"通过健全机制、精选资源、组建教研群、任务驱动等举措，历时{chance.randint(6, 18)}个月，"
        f"教师参与率达到{chance.randint(90, 99)}%，形成可复制可推广的经验。"
    )
    return Story(title, category, unit, province, subject, aim, summary, parts)


def _paragraphs(
    chance: Random, name: str, unit: str, province: str, subject: str, aim: str, words: int
) -> tuple[str, ...]:
    paragraphs: list[str] = []
    left, line = words, ""
    bank: list[str] = []
    while True:
        bank = bank or chance.sample(_SENTENCES[name], len(_SENTENCES[name]))
        sentence = _filled(chance, bank.pop(), unit=unit, province=province, subject=subject, aim=aim)
        left -= count(sentence).high
        if left < 0 and (paragraphs or line):
            break
        line += sentence
        if count(line).high > 160:
            paragraphs.append(line)
            line = ""
    return tuple([*paragraphs, line] if line else paragraphs)


def _filled(chance: Random, sentence: str, **known: str) -> str:
    return sentence.format(
        leader=person_name(chance),
        n1=chance.randint(60, 320),
        n2=chance.randint(12, 58),
        n3=chance.randint(26, 49),
        n4=chance.randint(3, 11),
        n5=chance.randint(6, 20),
        p1=chance.randint(11, 34),
        p2=chance.randint(62, 84),
        p3=chance.randint(41, 61),
        p4=chance.randint(92, 99),
        big=chance.randint(1200, 18900),
        year=chance.choice((2022, 2023)),
        month=chance.randint(2, 11),
        **known,
    )
