-- Readers of the outbox go by the transaction first: a sequence number is handed out before the
-- commit, so a lower one may appear after a higher one.

CREATE INDEX idx_outbox_order ON outbox (xid, seq);
