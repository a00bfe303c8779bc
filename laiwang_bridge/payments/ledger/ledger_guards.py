"""What the database itself holds, whoever writes into it: triggers for SQLite and for PostgreSQL.

* The postings of an entry add up to 0 in each currency, and so does their rounding. Postings are written first, the
  entry last: it closes them, is refused where they are not balanced, and must be there when the transaction commits
  (a deferred foreign key sees to that). All accounts are of the entry's own ledger, so ledgers add up to 0 as well.
* Postings and entries are never changed or removed, nor is a posting added to an entry that is there.
* A reversal is the exact opposite of the entry that it names, within one ledger (and no entry is reversed twice, nor a
  key applied twice in one ledger: unique constraints).
* A balance is the sum of its postings: it moves by a trigger when a posting is written. Any other change is refused,
  because each change has to be that of a posting later than the last one that is in it.
"""

from __future__ import annotations

from collections.abc import Iterator


def _refusals(table: str, sentence: str, *happenings: str) -> Iterator[str]:
    for happening in happenings:
        name = f"{table}_no_{happening.split()[0].lower()}"
        yield f"CREATE TRIGGER {name} BEFORE {happening} ON {table}\nBEGIN SELECT RAISE(ABORT, '{sentence}'); END"


_CLOSED = "an entry that is there gets no more postings"
_KEPT = "entries are only added, never changed or removed: reverse it"
_UNBALANCED = "the postings of an entry add up to 0 in each currency"
_STRANGER = "an account of another ledger"
_NO_OPPOSITE = "a reversal is the exact opposite of an entry of the same ledger"
_BALANCE = "a balance is the sum of its postings"
_ACCOUNT = "an account stays where it is"

SQLITE_POSTINGS = (
    f"""CREATE TRIGGER pay_posting_open BEFORE INSERT ON pay_posting
WHEN EXISTS (SELECT 1 FROM pay_entry WHERE id = NEW.entry)
  OR EXISTS (SELECT 1 FROM pay_posting WHERE entry = NEW.entry AND number = NEW.number)
BEGIN SELECT RAISE(ABORT, '{_CLOSED}'); END""",
    """CREATE TRIGGER pay_posting_counts AFTER INSERT ON pay_posting
BEGIN
  INSERT INTO pay_balance (account, currency, minor, carry, entry, number)
    SELECT NEW.account, NEW.currency, 0, 0, 0, 0
    WHERE NOT EXISTS (SELECT 1 FROM pay_balance WHERE account = NEW.account AND currency = NEW.currency);
  UPDATE pay_balance
    SET minor = minor + NEW.minor, carry = carry + NEW.carry, entry = NEW.entry, number = NEW.number
    WHERE account = NEW.account AND currency = NEW.currency;
END""",
    *_refusals("pay_posting", _KEPT, "UPDATE", "DELETE"),
)

_SQLITE_BALANCED = f"""CREATE TRIGGER pay_entry_balanced BEFORE INSERT ON pay_entry
BEGIN
  SELECT RAISE(ABORT, '{_KEPT}') WHERE EXISTS (
    SELECT 1 FROM pay_entry WHERE id = NEW.id OR (ledger = NEW.ledger AND key = NEW.key) OR reverses = NEW.reverses);
  SELECT RAISE(ABORT, '{_UNBALANCED}')
    WHERE NOT EXISTS (SELECT 1 FROM pay_posting WHERE entry = NEW.id)
    OR EXISTS (SELECT 1 FROM pay_posting WHERE entry = NEW.id GROUP BY currency
               HAVING sum(minor) <> 0 OR sum(carry) <> 0);
  SELECT RAISE(ABORT, '{_STRANGER}') WHERE EXISTS (
    SELECT 1 FROM pay_posting JOIN pay_account ON pay_account.id = pay_posting.account
    WHERE pay_posting.entry = NEW.id AND pay_account.ledger <> NEW.ledger)
    OR EXISTS (SELECT 1 FROM pay_account WHERE id = NEW.author AND ledger <> NEW.ledger);
  SELECT RAISE(ABORT, '{_NO_OPPOSITE}')
    WHERE NEW.reverses IS NOT NULL AND (
    NOT EXISTS (SELECT 1 FROM pay_entry WHERE id = NEW.reverses AND ledger = NEW.ledger)
    OR EXISTS (SELECT 1 FROM pay_posting WHERE entry IN (NEW.id, NEW.reverses) GROUP BY account, currency
               HAVING sum(minor) <> 0 OR sum(carry) <> 0));
END"""
SQLITE_ENTRIES = (_SQLITE_BALANCED, *_refusals("pay_entry", _KEPT, "UPDATE", "DELETE"))

SQLITE_BALANCES = (
    f"""CREATE TRIGGER pay_balance_begins BEFORE INSERT ON pay_balance
WHEN NEW.minor <> 0 OR NEW.carry <> 0 OR NEW.entry <> 0 OR NEW.number <> 0
  OR EXISTS (SELECT 1 FROM pay_balance WHERE account = NEW.account AND currency = NEW.currency)
BEGIN SELECT RAISE(ABORT, '{_BALANCE}'); END""",
    f"""CREATE TRIGGER pay_balance_moves BEFORE UPDATE ON pay_balance
WHEN (NEW.entry, NEW.number) <= (OLD.entry, OLD.number) OR NOT EXISTS (
  SELECT 1 FROM pay_posting WHERE entry = NEW.entry AND number = NEW.number
    AND account = NEW.account AND account = OLD.account AND currency = NEW.currency AND currency = OLD.currency
    AND minor = NEW.minor - OLD.minor AND carry = NEW.carry - OLD.carry)
BEGIN SELECT RAISE(ABORT, '{_BALANCE}'); END""",
    *_refusals("pay_balance", _BALANCE, "DELETE"),
)

SQLITE_ACCOUNTS = (
    *_refusals("pay_account", _ACCOUNT, "UPDATE OF id, ledger"),
    f"""CREATE TRIGGER pay_account_no_delete BEFORE DELETE ON pay_account
WHEN EXISTS (SELECT 1 FROM pay_balance WHERE account = OLD.id)
BEGIN SELECT RAISE(ABORT, '{_ACCOUNT}'); END""",
)


def _function(name: str, body: str) -> str:
    return f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n{body}\nEND $$"


def _refusal(name: str, sentence: str) -> str:
    return _function(name, f"  RAISE EXCEPTION '{sentence}'\n    USING ERRCODE = 'restrict_violation';")


def _raise_if(condition: str, sentence: str) -> str:
    return (
        f"  IF {condition} THEN\n    RAISE EXCEPTION '{sentence}'\n"
        "      USING ERRCODE = 'integrity_constraint_violation';\n  END IF;"
    )


def _trigger(table: str, name: str, when: str, function: str, each: str = "ROW") -> str:
    return f"CREATE TRIGGER {table}_{name} {when} ON {table}\nFOR EACH {each} EXECUTE FUNCTION {function}()"


POSTGRES_POSTINGS = (
    _function(
        "pay_posting_open",
        _raise_if("EXISTS (SELECT 1 FROM pay_entry WHERE id = NEW.entry)", _CLOSED) + "\n  RETURN NEW;",
    ),
    _function(
        "pay_posting_counts",
        """  INSERT INTO pay_balance (account, currency, minor, carry, entry, number)
    SELECT NEW.account, NEW.currency, 0, 0, 0, 0
    WHERE NOT EXISTS (SELECT 1 FROM pay_balance WHERE account = NEW.account AND currency = NEW.currency);
  UPDATE pay_balance
    SET minor = minor + NEW.minor, carry = carry + NEW.carry, entry = NEW.entry, number = NEW.number
    WHERE account = NEW.account AND currency = NEW.currency;
  RETURN NULL;""",
    ),
    _refusal("pay_posting_kept", _KEPT),
    _trigger("pay_posting", "open", "BEFORE INSERT", "pay_posting_open"),
    _trigger("pay_posting", "counts", "AFTER INSERT", "pay_posting_counts"),
    _trigger("pay_posting", "no_update", "BEFORE UPDATE OR DELETE", "pay_posting_kept"),
    _trigger("pay_posting", "no_truncate", "BEFORE TRUNCATE", "pay_posting_kept", "STATEMENT"),
)
POSTGRES_ENTRIES = (
    _function(
        "pay_entry_balanced",
        "\n".join(
            (
                _raise_if(
                    "NOT EXISTS (SELECT 1 FROM pay_posting WHERE entry = NEW.id)\n"
                    "    OR EXISTS (SELECT 1 FROM pay_posting WHERE entry = NEW.id GROUP BY currency\n"
                    "               HAVING sum(minor) <> 0 OR sum(carry) <> 0)",
                    _UNBALANCED,
                ),
                _raise_if(
                    "EXISTS (SELECT 1 FROM pay_posting JOIN pay_account ON pay_account.id = pay_posting.account\n"
                    "            WHERE pay_posting.entry = NEW.id AND pay_account.ledger <> NEW.ledger)\n"
                    "    OR EXISTS (SELECT 1 FROM pay_account WHERE id = NEW.author AND ledger <> NEW.ledger)",
                    _STRANGER,
                ),
                _raise_if(
                    "NEW.reverses IS NOT NULL AND (\n"
                    "    NOT EXISTS (SELECT 1 FROM pay_entry WHERE id = NEW.reverses AND ledger = NEW.ledger)\n"
                    "    OR EXISTS (SELECT 1 FROM pay_posting WHERE entry IN (NEW.id, NEW.reverses)\n"
                    "               GROUP BY account, currency HAVING sum(minor) <> 0 OR sum(carry) <> 0))",
                    _NO_OPPOSITE,
                ),
                "  RETURN NEW;",
            )
        ),
    ),
    _refusal("pay_entry_kept", _KEPT),
    _trigger("pay_entry", "balanced", "BEFORE INSERT", "pay_entry_balanced"),
    _trigger("pay_entry", "no_update", "BEFORE UPDATE OR DELETE", "pay_entry_kept"),
    _trigger("pay_entry", "no_truncate", "BEFORE TRUNCATE", "pay_entry_kept", "STATEMENT"),
)
POSTGRES_BALANCES = (
    _function(
        "pay_balance_begins",
        _raise_if("NEW.minor <> 0 OR NEW.carry <> 0 OR NEW.entry <> 0 OR NEW.number <> 0", _BALANCE)
        + "\n  RETURN NEW;",
    ),
    _function(
        "pay_balance_moves",
        _raise_if(
            "(NEW.entry, NEW.number) <= (OLD.entry, OLD.number) OR NOT EXISTS (\n"
            "    SELECT 1 FROM pay_posting WHERE entry = NEW.entry AND number = NEW.number\n"
            "      AND account = NEW.account AND account = OLD.account\n"
            "      AND currency = NEW.currency AND currency = OLD.currency\n"
            "      AND minor = NEW.minor - OLD.minor AND carry = NEW.carry - OLD.carry)",
            _BALANCE,
        )
        + "\n  RETURN NEW;",
    ),
    _refusal("pay_balance_kept", _BALANCE),
    _trigger("pay_balance", "begins", "BEFORE INSERT", "pay_balance_begins"),
    _trigger("pay_balance", "moves", "BEFORE UPDATE", "pay_balance_moves"),
    _trigger("pay_balance", "no_delete", "BEFORE DELETE", "pay_balance_kept"),
    _trigger("pay_balance", "no_truncate", "BEFORE TRUNCATE", "pay_balance_kept", "STATEMENT"),
)
POSTGRES_ACCOUNTS = (
    _refusal("pay_account_stays", _ACCOUNT),
    _trigger("pay_account", "no_update", "BEFORE UPDATE OF id, ledger", "pay_account_stays"),
)
