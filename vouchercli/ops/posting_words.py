"""What accounts of the ledger, and what moves money among them, are called."""

from __future__ import annotations

from vouchercli.result import Word

WORDS = {
    "appropriated": Word("appropriated"),
    "uncommitted": Word("uncommitted"),
    "committed": Word("committed (unclaimed)"),
    "outstanding": Word("outstanding"),
    "payable": Word("payable"),
    "held": Word("held"),
    "paid": Word("paid"),
    "clawed_back": Word("clawed back"),
    "written_off": Word("written off"),
    "returned": Word("returned"),
}
WHY = {  # what moves money, as people call it
    "programme.load": Word("change of funds"),
    "round.approve": Word("approval"),
    "round.edit": Word("edited"),
    "round.top-up": Word("top-up"),
    "round.replace": Word("replace"),
    "round.lower": Word("reduce"),  # its name until v0.2.0, which postings keep
    "round.cancel": Word("cancel"),
    "round.release": Word("release"),
    "round.reissue": Word("out again"),
    "round.take_back": Word("late files"),
    "claim.grant": Word("packs granted"),
    "claims.import": Word("claims"),
    "claims.retry": Word("claims, retried"),
    "claims.undo": Word("claims, undone"),
    "redemptions.import": Word("redemptions"),
    "redemptions.retry": Word("redemptions, retried"),
    "redemptions.undo": Word("redemptions, undone"),
    "settlement.run": Word("settlement"),
    "settlement.hold": Word("hold"),
    "settlement.release": Word("hold released"),
    "settlement.paid": Word("paid by the bank"),
    "settlement.returned": Word("returned by the bank"),
    "settlement.repaid": Word("paid back"),
    "settlement.write_off": Word("write-off"),
    "settlement.offset": Word("set against another round"),
    "programme.close": Word("end of the programme"),
    "upgrade": Word("upgrade"),
}
