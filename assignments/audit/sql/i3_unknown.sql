-- nobody knows whether these mails were accepted (Message-IDs)
SELECT message_id FROM outbox_messages WHERE status = 'unknown'
