-- One circuit for all workers. KEYS[1]: its hash. ARGV: action, threshold, cool-down ms,
-- successes to close, probe lease ms, token of this run.
-- Times are the server's. Returns {verdict, delay ms, failures, time open ms}.
local key, action, token = KEYS[1], ARGV[1], ARGV[6]
local threshold, cooldown = tonumber(ARGV[2]), tonumber(ARGV[3])
local needed, lease = tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function get(field) return tonumber(redis.call('HGET', key, field) or 0) end
local function open_for() return math.max(0, now - get('since')) end
local function open()
    redis.call('HSET', key, 'state', 'open', 'until', now + cooldown, 'successes', 0)
    redis.call('HSETNX', key, 'since', now)
    redis.call('HDEL', key, 'probe')
end
local state = redis.call('HGET', key, 'state') or 'closed'

if action == 'admit' then
    if state == 'closed' then return {'closed', 0, get('failures'), 0} end
    local wait, longest = get('until') - now, state == 'half_open' and lease or cooldown
    if wait > longest then
        -- The server's clock has stepped back.
        wait = longest
        redis.call('HSET', key, 'until', now + wait)
    end
    if wait > 0 then return {'open', wait, get('failures'), open_for()} end
    -- Cool-down is over, or the probe's lease: exactly one run may try.
    redis.call('HSET', key, 'state', 'half_open', 'until', now + lease, 'probe', token)
    return {'probe', 0, get('failures'), open_for()}
end
if action == 'abstain' then
    if redis.call('HGET', key, 'probe') == token then
        redis.call('HSET', key, 'until', now)
        redis.call('HDEL', key, 'probe')
    end
    return {'ignored', 0, get('failures'), 0}
end
if state == 'closed' then
    if action == 'success' then redis.call('HSET', key, 'failures', 0) return {'closed', 0, 0, 0} end
    local failures = redis.call('HINCRBY', key, 'failures', 1)
    if failures < threshold then return {'closed', 0, failures, 0} end
    open()
    return {'opened', cooldown, failures, 0}
end
-- Only the probe decides now; a run that began before the circuit opened is too late to count.
if redis.call('HGET', key, 'probe') ~= token then return {'ignored', 0, get('failures'), 0} end
if action == 'failure' then open() return {'opened', cooldown, get('failures'), open_for()} end
if redis.call('HINCRBY', key, 'successes', 1) < needed then
    redis.call('HSET', key, 'until', now)
    redis.call('HDEL', key, 'probe')
    return {'half_open', 0, get('failures'), open_for()}
end
local was_open = open_for()
redis.call('DEL', key)
return {'reclosed', 0, 0, was_open}
