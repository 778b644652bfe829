"""voucher key"""

TEXT = {
    "The key of residents' tokens: show it, rotate it.": "居民脱敏密钥：查看、更换。",
    "Show how many keys the key file holds, since when, and their fingerprints.": "查看密钥文件中有几把密钥、各自何时启用及其指纹。",
    "Wrap every resident's token by a new key, and make tokens so from then on.": "用新密钥再次加密全部居民脱敏代码，此后均按此生成。",
    "Rotate the key now?": "现在更换密钥吗？",
    "Keys": "密钥",
    "Since": "启用时间",
    "Fingerprint": "指纹",
    "in use": "使用中",
    "not in use yet": "尚未启用",
    "{count:,} tokens are wrapped by a new key: for about {seconds:,} seconds nobody else can write; make a backup first": "将用新密钥再次加密 {count:,} 个脱敏代码：约 {seconds:,} 秒内他人不能写入；请先备份",
    "{count:,} tokens would be wrapped by a new key; for about {seconds:,} seconds nobody else could write": "将用新密钥再次加密 {count:,} 个脱敏代码；约 {seconds:,} 秒内他人不能写入",
    "{count:,} tokens are wrapped by a new key": "已用新密钥再次加密 {count:,} 个脱敏代码",
    "back up {path} now, and the database: voucher backup --key-to FOLDER; older backups open with the same key file": "请立即备份 {path} 和数据库：voucher backup --key-to 文件夹；较早的备份仍可使用同一密钥文件",
    "older backups and notes hold tokens of the keys before: keep them as secret as those": "较早的备份和说明中仍有旧密钥生成的脱敏代码：请与旧密钥同样保密",
    "{count} committed seeds stay sealed by the key before: who has it and this file can open them until the draw": "有 {count} 个已锁定的种子仍由旧密钥封存：持有旧密钥和本文件者在摇号之前可将其打开",
    "{path} holds {count} keys, the most there can be": "{path} 已有 {count} 把密钥，达到上限",
    "the identity key was rotated while this command ran: its last step was not kept": "命令运行期间密钥已更换：最后一步未保存",
    "{count:,}: not the one approved when the key was rotated; since then nobody can tell": "{count:,}：更换密钥时已不是批准时的名单；此后无法判断",
    "every token was made by the keys that the log names": "每个脱敏代码均由日志所记的密钥生成",
}
