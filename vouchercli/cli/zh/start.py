"""voucher init, and the database itself"""

TEXT = {
    "Make an empty database and its key here.": "在此建立空数据库及其密钥。",
    "{db} is already there; nothing was changed": "{db} 已存在，未作改动",
    "created {db} and its key {key} (keep the key secret, and back up both)": "已建立 {db} 及其密钥 {key}（密钥须保密，二者都要备份）",
    "next: voucher programme load hangzhou-2020": "下一步：voucher programme load hangzhou-2020",
    "there is no database {path}": "没有数据库 {path}",
    "{path} cannot be opened as a voucher database: {why}": "{path} 不能作为消费券数据库打开：{why}",
    "name the right file with --db, or: voucher init --db NEW.db": "请用 --db 指明正确的文件，或新建：voucher init --db NEW.db",
    "{path} was written by a newer voucher (schema {version}, this program knows {known})":
        "{path} 由更新版本的 voucher 写入（结构版本 {version}，本程序只识别到 {known}）",
    "install the newer voucher": "请安装新版 voucher",
    "another voucher command is writing to {path}": "另一个 voucher 命令正在写入 {path}",
    "run the same command again": "请再次运行同一命令",
    "the disk is full; nothing was changed in {path}": "磁盘已满；{path} 未作任何改动",
    "make room, then run the same command again": "请腾出空间，再运行同一命令",
    "{path} cannot be written: {why}": "{path} 无法写入：{why}",
    "check who owns the file and its folder": "请检查文件及其所在文件夹的权限",
    "{path} is damaged or unreadable: {why}": "{path} 已损坏或无法读取：{why}",
    "restore the last backup; keep the damaged file for the auditor": "请恢复最近的备份；保留损坏的文件以备审计",
    "the key file {path} is missing: residents could not be recognised again": "密钥文件 {path} 不见了：无法再识别同一居民",
    "restore it from the backup (a new key would break every token)": "请从备份恢复（新密钥会使所有令牌失效）",
    "the key file {path} can be read by others": "密钥文件 {path} 可被他人读取",
    "the key file {path} is damaged": "密钥文件 {path} 已损坏",
    "restore it from the backup": "请从备份恢复",
}
