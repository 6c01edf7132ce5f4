"""What the control words of RTF 1.9.1 mean for the text of a document."""

from __future__ import annotations

CHARACTERS = {
    "tab": " ", "emdash": "—", "endash": "–", "emspace": "\u3000", "enspace": " ",
    "qmspace": " ", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“",
    "rdblquote": "”", "~": "\u00a0", "_": "-", "{": "{", "}": "}", "\\": "\\",
    "line": "\n", "lbr": "\n", "softline": "\n", "column": "\n", "nestcell": " ", "nestrow": " ",
}  # fmt: skip
"""Control words and symbols that stand for characters; a break inside a paragraph is a line feed."""
PARAGRAPH_ENDS = frozenset({"par", "sect", "page", "\n", "\r"})
IGNORED = frozenset((
    "annotation", "atnauthor", "atndate", "atnicn", "atnid", "atnparent", "atnref", "atntime",
    "atrfend", "atrfstart", "aftncn", "aftnsep", "aftnsepc", "author", "background", "bkmkend",
    "bkmkstart", "blipuid", "buptim", "category", "colorschememapping", "colortbl", "comment",
    "company", "creatim", "datafield", "datastore", "defchp", "defpap", "do", "doccomm", "docvar",
    "falt", "fchars", "filetbl", "fldinst", "fname", "fontemb", "fontfile", "formfield", "ftncn",
    "ftnsep", "ftnsepc", "generator", "gridtbl", "hlinkbase", "info", "keywords", "latentstyles",
    "lchars", "levelnumbers", "leveltext", "list", "listlevel", "listname", "listoverride",
    "listoverridetable", "listpicture", "liststylename", "listtable", "lsdlockedexcept",
    "mailmerge", "manager", "nesttableprops", "nextfile", "nonesttables", "nonshppict",
    "objalias", "objclass", "objdata", "objname", "objsect", "objtime", "oldcprops", "oldpprops",
    "oldsprops", "oldtprops", "operator", "panose", "password", "passwordhash", "pgp", "pgptbl",
    "picprop", "pict", "pn", "pnseclvl", "pntxta", "pntxtb", "printim", "private", "protusertbl",
    "revtbl", "revtim", "rsidtbl", "rxe", "shprslt", "sp", "staticval", "stylesheet", "subject",
    "svb", "tc", "template", "themedata", "title", "txe", "upr", "userprops", "wgrffmtfilter",
    "windowcaption", "writereservation", "writereservhash", "xe", "xform", "xmlattrname",
    "xmlattrvalue", "xmlclose", "xmlname", "xmlnstbl", "xmlopen",
))  # fmt: skip
"""Groups whose words are not printed in the text."""
OPTIONAL = frozenset({"shpinst", "ud", "moMath", "moMathPara", "annotation"})
"""Groups that are read although older readers may pass over them (`\\*`)."""
ASIDE = {
    **dict.fromkeys(("header", "headerl", "headerr", "headerf"), "header"),
    **dict.fromkeys(("footer", "footerl", "footerr", "footerf"), "footer"),
    "footnote": "footnote",
    "annotation": "comment",
}
"""Groups whose words stand beside the text."""
NUMBERS = frozenset({"listtext", "pntext"})
"""Groups with the printed number of a paragraph, for readers that do not count."""
CODE_PAGES = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "cp950",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257",
    204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
"""Encodings by the character set of a font (`\\fcharset`); of others that of the document holds."""
SYMBOLS = 2
"""The character set of symbol fonts."""
