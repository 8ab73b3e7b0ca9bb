-- Schema 0023. Generated from the migrations; do not edit.
CREATE TABLE "ai_calls" (
	call_id VARCHAR NOT NULL,
	decision_id VARCHAR NOT NULL,
	run_id VARCHAR NOT NULL,
	event_ticker VARCHAR NOT NULL,
	role VARCHAR NOT NULL,
	prompt_version VARCHAR NOT NULL,
	requested_model VARCHAR NOT NULL,
	served_model VARCHAR NOT NULL,
	prompt_tokens INTEGER NOT NULL,
	cached_tokens INTEGER NOT NULL,
	completion_tokens INTEGER NOT NULL,
	reasoning_tokens INTEGER NOT NULL,
	reserved_units BIGINT NOT NULL,
	cost_units BIGINT,
	cost_source VARCHAR NOT NULL,
	latency_ms INTEGER,
	outcome VARCHAR NOT NULL,
	form VARCHAR,
	reason TEXT NOT NULL,
	system_text VARCHAR NOT NULL,
	user_text VARCHAR,
	answer_text VARCHAR,
	called_us BIGINT NOT NULL,
	called_wall_us BIGINT NOT NULL,
	parsed TEXT,
	provider VARCHAR NOT NULL,
	tools VARCHAR NOT NULL,
	searches INTEGER NOT NULL,
	citations TEXT,
	CONSTRAINT fk_ai_calls_answer_text FOREIGN KEY(answer_text) REFERENCES ai_texts (text_id),
	CONSTRAINT fk_ai_calls_run_id FOREIGN KEY(run_id) REFERENCES runs (run_id),
	CONSTRAINT fk_ai_calls_system_text FOREIGN KEY(system_text) REFERENCES ai_texts (text_id),
	CONSTRAINT fk_ai_calls_user_text FOREIGN KEY(user_text) REFERENCES ai_texts (text_id),
	CONSTRAINT pk_ai_calls PRIMARY KEY (call_id)
);

CREATE TABLE "ai_texts" (
	text_id VARCHAR NOT NULL,
	body TEXT,
	CONSTRAINT pk_ai_texts PRIMARY KEY (text_id)
);

CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE "balance_snapshots" (
	at_us BIGINT NOT NULL,
	cash_units BIGINT NOT NULL,
	equity_units BIGINT NOT NULL,
	liquidation_units BIGINT NOT NULL,
	unmarked INTEGER NOT NULL,
	positions INTEGER NOT NULL,
	paid_in_units BIGINT NOT NULL,
	CONSTRAINT pk_balance_snapshots PRIMARY KEY (at_us)
);

CREATE TABLE "cash_movements" (
	movement_id VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	amount_units BIGINT NOT NULL,
	at_us BIGINT NOT NULL,
	exchange_index INTEGER NOT NULL,
	who VARCHAR NOT NULL,
	why TEXT NOT NULL,
	CONSTRAINT pk_cash_movements PRIMARY KEY (movement_id)
);

CREATE TABLE "daily_ai_cost" (
	wall_day INTEGER NOT NULL,
	calls INTEGER NOT NULL,
	cost_units BIGINT NOT NULL,
	reserved_units BIGINT NOT NULL,
	CONSTRAINT pk_daily_ai_cost PRIMARY KEY (wall_day)
);

CREATE TABLE denials (
	denial_id INTEGER NOT NULL,
	run_id VARCHAR NOT NULL,
	strategy VARCHAR NOT NULL,
	ticker VARCHAR NOT NULL,
	purpose VARCHAR NOT NULL,
	code VARCHAR NOT NULL,
	detail TEXT NOT NULL,
	value VARCHAR NOT NULL,
	"limit" VARCHAR NOT NULL,
	at_us BIGINT NOT NULL, side VARCHAR, price_units BIGINT, count_units BIGINT, forecast_id VARCHAR,
	CONSTRAINT fk_denials_run_id FOREIGN KEY(run_id) REFERENCES runs (run_id),
	CONSTRAINT pk_denials PRIMARY KEY (denial_id)
);

CREATE TABLE desk_requests (
	request_id INTEGER NOT NULL,
	kind VARCHAR NOT NULL,
	target VARCHAR NOT NULL,
	asked_wall_us BIGINT NOT NULL,
	answer TEXT,
	exit_code INTEGER,
	answered_wall_us BIGINT,
	CONSTRAINT pk_desk_requests PRIMARY KEY (request_id)
);

CREATE TABLE "desk_states" (
	change_id INTEGER NOT NULL,
	state VARCHAR NOT NULL,
	reason TEXT NOT NULL,
	who VARCHAR NOT NULL,
	at_us BIGINT,
	changed_wall_us BIGINT NOT NULL,
	CONSTRAINT pk_desk_states PRIMARY KEY (change_id)
);

CREATE TABLE events (
	event_ticker VARCHAR NOT NULL,
	series_ticker VARCHAR NOT NULL,
	title TEXT NOT NULL,
	sub_title TEXT NOT NULL,
	category VARCHAR NOT NULL,
	mutually_exclusive BOOLEAN NOT NULL,
	fee_type VARCHAR,
	fee_multiplier_units BIGINT,
	strike_us BIGINT,
	exchange_index INTEGER NOT NULL,
	row_hash BIGINT NOT NULL,
	changed_us BIGINT NOT NULL,
	CONSTRAINT fk_events_series_ticker FOREIGN KEY(series_ticker) REFERENCES series (ticker),
	CONSTRAINT pk_events PRIMARY KEY (event_ticker)
);

CREATE TABLE "exit_plans" (
	ticker VARCHAR NOT NULL,
	owner VARCHAR NOT NULL,
	stop_price_units BIGINT,
	target_price_units BIGINT,
	leave_by_us BIGINT,
	entry_confidence FLOAT,
	entry_fair FLOAT,
	made_us BIGINT NOT NULL,
	trail_units BIGINT,
	before_close_us BIGINT,
	peak_price_units BIGINT,
	asked_stop_units BIGINT,
	asked_trail_units BIGINT,
	entry_probability FLOAT,
	target_rests BOOLEAN NOT NULL,
	CONSTRAINT pk_exit_plans PRIMARY KEY (ticker, owner)
);

CREATE TABLE fee_changes (
	change_id VARCHAR NOT NULL,
	event_ticker VARCHAR NOT NULL,
	series_ticker VARCHAR NOT NULL,
	fee_type VARCHAR,
	fee_multiplier_units BIGINT,
	from_us BIGINT NOT NULL,
	CONSTRAINT pk_fee_changes PRIMARY KEY (change_id, event_ticker)
);

CREATE TABLE fills (
	fill_id VARCHAR NOT NULL,
	order_id VARCHAR NOT NULL,
	ticker VARCHAR NOT NULL,
	owner VARCHAR NOT NULL,
	side VARCHAR NOT NULL,
	price_units BIGINT NOT NULL,
	count_units BIGINT NOT NULL,
	is_taker BOOLEAN NOT NULL,
	fee_units BIGINT NOT NULL,
	at_us BIGINT NOT NULL,
	exchange_index INTEGER NOT NULL,
	CONSTRAINT pk_fills PRIMARY KEY (fill_id)
);

CREATE TABLE "forecasts" (
	forecast_id VARCHAR NOT NULL,
	run_id VARCHAR NOT NULL,
	ticker VARCHAR NOT NULL,
	event_ticker VARCHAR NOT NULL,
	category VARCHAR NOT NULL,
	forecaster VARCHAR NOT NULL,
	model VARCHAR NOT NULL,
	made_us BIGINT NOT NULL,
	probability FLOAT NOT NULL,
	low FLOAT NOT NULL,
	high FLOAT NOT NULL,
	logit_error FLOAT NOT NULL,
	weight FLOAT NOT NULL,
	market FLOAT,
	blended FLOAT,
	cost_units BIGINT NOT NULL,
	rationale TEXT NOT NULL,
	label VARCHAR NOT NULL,
	decision_id VARCHAR NOT NULL,
	advice VARCHAR,
	advice_limit_units BIGINT,
	slope FLOAT NOT NULL,
	inputs VARCHAR NOT NULL,
	prompt_version VARCHAR NOT NULL,
	variant VARCHAR NOT NULL,
	slope_error FLOAT NOT NULL,
	CONSTRAINT fk_forecasts_run_id FOREIGN KEY(run_id) REFERENCES runs (run_id),
	CONSTRAINT fk_forecasts_ticker FOREIGN KEY(ticker) REFERENCES markets (ticker),
	CONSTRAINT pk_forecasts PRIMARY KEY (forecast_id)
);

CREATE TABLE funnel_counts (
	run_id VARCHAR NOT NULL,
	pass_number INTEGER NOT NULL,
	name VARCHAR NOT NULL,
	count INTEGER NOT NULL,
	CONSTRAINT fk_funnel_counts_run_id FOREIGN KEY(run_id) REFERENCES runs (run_id),
	CONSTRAINT pk_funnel_counts PRIMARY KEY (run_id, pass_number, name)
);

CREATE TABLE identity (
	number INTEGER NOT NULL,
	env VARCHAR NOT NULL,
	origin VARCHAR NOT NULL,
	account VARCHAR NOT NULL,
	world VARCHAR NOT NULL,
	nonce BLOB NOT NULL,
	created_wall_us BIGINT NOT NULL,
	CONSTRAINT pk_identity PRIMARY KEY (number)
);

CREATE TABLE incentives (
	program_id VARCHAR NOT NULL,
	ticker VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	reward_units BIGINT NOT NULL,
	start_us BIGINT NOT NULL,
	end_us BIGINT NOT NULL,
	target_units BIGINT,
	discount_bps INTEGER,
	most_units BIGINT,
	CONSTRAINT pk_incentives PRIMARY KEY (program_id)
);

CREATE TABLE leases (
	name VARCHAR NOT NULL,
	token VARCHAR NOT NULL,
	pid INTEGER NOT NULL,
	host VARCHAR NOT NULL,
	acquired_wall_us BIGINT NOT NULL,
	renewed_wall_us BIGINT NOT NULL,
	expires_wall_us BIGINT NOT NULL,
	CONSTRAINT pk_leases PRIMARY KEY (name)
);

CREATE TABLE limit_changes (
	change_id INTEGER NOT NULL,
	name VARCHAR NOT NULL,
	old VARCHAR,
	new VARCHAR NOT NULL,
	who VARCHAR NOT NULL,
	why TEXT NOT NULL,
	run_id VARCHAR NOT NULL,
	at_us BIGINT NOT NULL,
	changed_wall_us BIGINT NOT NULL,
	CONSTRAINT fk_limit_changes_run_id FOREIGN KEY(run_id) REFERENCES runs (run_id),
	CONSTRAINT pk_limit_changes PRIMARY KEY (change_id)
);

CREATE TABLE markers (
	name VARCHAR NOT NULL,
	instant_us BIGINT NOT NULL,
	CONSTRAINT pk_markers PRIMARY KEY (name)
);

CREATE TABLE markets (
	ticker VARCHAR NOT NULL,
	event_ticker VARCHAR NOT NULL,
	title TEXT NOT NULL,
	status VARCHAR NOT NULL,
	open_us BIGINT NOT NULL,
	close_us BIGINT NOT NULL,
	latest_expiration_us BIGINT NOT NULL,
	grid VARCHAR,
	expected_expiration_us BIGINT,
	strike_type VARCHAR NOT NULL,
	floor_strike VARCHAR,
	cap_strike VARCHAR,
	rules_primary TEXT NOT NULL,
	rules_secondary TEXT NOT NULL,
	can_close_early BOOLEAN NOT NULL,
	settlement_timer_s INTEGER NOT NULL,
	settlement_bounds_type VARCHAR NOT NULL,
	fee_waiver_expires_us BIGINT,
	result VARCHAR,
	settlement_value_units BIGINT,
	settlement_us BIGINT,
	exchange_index INTEGER NOT NULL,
	updated_us BIGINT,
	row_hash BIGINT NOT NULL,
	changed_us BIGINT NOT NULL,
	CONSTRAINT fk_markets_event_ticker FOREIGN KEY(event_ticker) REFERENCES events (event_ticker),
	CONSTRAINT pk_markets PRIMARY KEY (ticker)
);

CREATE TABLE markouts (
	fill_id VARCHAR NOT NULL,
	horizon_us BIGINT NOT NULL,
	ticker VARCHAR NOT NULL,
	owner VARCHAR NOT NULL,
	given_units BIGINT NOT NULL,
	kept_units BIGINT NOT NULL,
	half_units BIGINT NOT NULL,
	filled_us BIGINT NOT NULL,
	looked_us BIGINT NOT NULL,
	CONSTRAINT fk_markouts_fill_id_fills FOREIGN KEY(fill_id) REFERENCES fills (fill_id),
	CONSTRAINT pk_markouts PRIMARY KEY (fill_id, horizon_us)
);

CREATE TABLE order_events (
	event_id INTEGER NOT NULL,
	client_order_id VARCHAR NOT NULL,
	cause VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	pending VARCHAR NOT NULL,
	filled_units BIGINT NOT NULL,
	detail TEXT NOT NULL,
	at_us BIGINT NOT NULL,
	CONSTRAINT fk_order_events_client_order_id FOREIGN KEY(client_order_id) REFERENCES orders (client_order_id),
	CONSTRAINT pk_order_events PRIMARY KEY (event_id)
);

CREATE TABLE order_groups (
	exchange_index INTEGER NOT NULL,
	group_id VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	made_us BIGINT NOT NULL,
	CONSTRAINT pk_order_groups PRIMARY KEY (exchange_index)
);

CREATE TABLE "orders" (
	client_order_id VARCHAR NOT NULL,
	run_id VARCHAR NOT NULL,
	sequence INTEGER NOT NULL,
	strategy VARCHAR NOT NULL,
	ticker VARCHAR NOT NULL,
	event_ticker VARCHAR NOT NULL,
	side VARCHAR NOT NULL,
	limit_price_units BIGINT NOT NULL,
	count_units BIGINT NOT NULL,
	time_in_force VARCHAR NOT NULL,
	purpose VARCHAR NOT NULL,
	reason TEXT NOT NULL,
	post_only BOOLEAN NOT NULL,
	reduce_only BOOLEAN NOT NULL,
	fair FLOAT,
	forecast_id VARCHAR,
	expires_us BIGINT,
	exchange_index INTEGER NOT NULL,
	state VARCHAR NOT NULL,
	pending VARCHAR NOT NULL,
	order_id VARCHAR,
	filled_units BIGINT NOT NULL,
	message TEXT NOT NULL,
	created_us BIGINT NOT NULL,
	updated_us BIGINT NOT NULL,
	entry_key VARCHAR,
	lease_token VARCHAR NOT NULL,
	cancel_on_pause BOOLEAN NOT NULL,
	asked_price_units BIGINT,
	asked_count_units BIGINT,
	asked_expires_us BIGINT, unanchored_us BIGINT,
	CONSTRAINT fk_orders_forecast_id FOREIGN KEY(forecast_id) REFERENCES forecasts (forecast_id),
	CONSTRAINT fk_orders_run_id FOREIGN KEY(run_id) REFERENCES runs (run_id),
	CONSTRAINT pk_orders PRIMARY KEY (client_order_id),
	CONSTRAINT uq_orders_entry_key UNIQUE (entry_key),
	CONSTRAINT uq_orders_order_id UNIQUE (order_id)
);

CREATE TABLE performance_snapshots (
	at_us BIGINT NOT NULL,
	strategy VARCHAR NOT NULL,
	realized_units BIGINT NOT NULL,
	unrealized_units BIGINT NOT NULL,
	fees_units BIGINT NOT NULL,
	ai_cost_units BIGINT NOT NULL,
	round_trips INTEGER NOT NULL,
	CONSTRAINT fk_performance_snapshots_at_us FOREIGN KEY(at_us) REFERENCES balance_snapshots (at_us),
	CONSTRAINT pk_performance_snapshots PRIMARY KEY (at_us, strategy)
);

CREATE TABLE positions (
	ticker VARCHAR NOT NULL,
	owner VARCHAR NOT NULL,
	net_units BIGINT NOT NULL,
	cost_units BIGINT NOT NULL,
	realized_units BIGINT NOT NULL,
	fees_units BIGINT NOT NULL,
	opened_us BIGINT,
	updated_us BIGINT,
	CONSTRAINT pk_positions PRIMARY KEY (ticker, owner)
);

CREATE TABLE quote_history (
	bid_price_units BIGINT,
	bid_count_units BIGINT,
	ask_price_units BIGINT,
	ask_count_units BIGINT,
	last_price_units BIGINT,
	volume_units BIGINT NOT NULL,
	volume_24h_units BIGINT NOT NULL,
	open_interest_units BIGINT NOT NULL,
	ticker VARCHAR NOT NULL,
	at_us BIGINT NOT NULL,
	why VARCHAR NOT NULL,
	CONSTRAINT fk_quote_history_ticker FOREIGN KEY(ticker) REFERENCES markets (ticker),
	CONSTRAINT pk_quote_history PRIMARY KEY (ticker, at_us, why)
);

CREATE TABLE quotes (
	bid_price_units BIGINT,
	bid_count_units BIGINT,
	ask_price_units BIGINT,
	ask_count_units BIGINT,
	last_price_units BIGINT,
	volume_units BIGINT NOT NULL,
	volume_24h_units BIGINT NOT NULL,
	open_interest_units BIGINT NOT NULL,
	ticker VARCHAR NOT NULL,
	at_us BIGINT NOT NULL,
	row_hash BIGINT NOT NULL, screened_by BIGINT, dropped_by VARCHAR, holds_until_us BIGINT,
	CONSTRAINT fk_quotes_ticker FOREIGN KEY(ticker) REFERENCES markets (ticker),
	CONSTRAINT pk_quotes PRIMARY KEY (ticker)
);

CREATE TABLE rebalanced_shares (
	strategy VARCHAR NOT NULL,
	configured FLOAT NOT NULL,
	share FLOAT NOT NULL,
	CONSTRAINT pk_rebalanced_shares PRIMARY KEY (strategy)
);

CREATE TABLE round_trips (
	round_trip_id VARCHAR NOT NULL,
	ticker VARCHAR NOT NULL,
	owner VARCHAR NOT NULL,
	side VARCHAR NOT NULL,
	count_units BIGINT NOT NULL,
	entry_cost_units BIGINT NOT NULL,
	proceeds_units BIGINT NOT NULL,
	fees_units BIGINT NOT NULL,
	opened_us BIGINT NOT NULL,
	closed_us BIGINT NOT NULL,
	reason TEXT NOT NULL,
	CONSTRAINT pk_round_trips PRIMARY KEY (round_trip_id)
);

CREATE TABLE runs (
	run_id VARCHAR NOT NULL,
	number INTEGER NOT NULL,
	command VARCHAR NOT NULL,
	started_us BIGINT NOT NULL,
	started_wall_us BIGINT NOT NULL,
	ended_us BIGINT,
	ended_wall_us BIGINT,
	reason TEXT,
	CONSTRAINT pk_runs PRIMARY KEY (run_id),
	CONSTRAINT uq_runs_number UNIQUE (number)
);

CREATE TABLE seen_of_others (
	ticker VARCHAR NOT NULL,
	bid_price_units BIGINT,
	bid_count_units BIGINT,
	ask_price_units BIGINT,
	ask_count_units BIGINT,
	at_us BIGINT NOT NULL,
	CONSTRAINT pk_seen_of_others PRIMARY KEY (ticker)
);

CREATE TABLE series (
	ticker VARCHAR NOT NULL,
	title TEXT NOT NULL,
	category VARCHAR NOT NULL,
	fee_type VARCHAR NOT NULL,
	fee_multiplier_units BIGINT NOT NULL,
	frequency VARCHAR NOT NULL,
	exchange_index INTEGER NOT NULL,
	row_hash BIGINT NOT NULL,
	changed_us BIGINT NOT NULL,
	CONSTRAINT pk_series PRIMARY KEY (ticker)
);

CREATE TABLE "settlements" (
	ticker VARCHAR NOT NULL,
	settled_us BIGINT NOT NULL,
	revision INTEGER NOT NULL,
	event_ticker VARCHAR NOT NULL,
	result VARCHAR NOT NULL,
	value_units BIGINT NOT NULL,
	net_units BIGINT NOT NULL,
	revenue_units BIGINT NOT NULL,
	fee_units BIGINT NOT NULL,
	exchange_index INTEGER NOT NULL,
	CONSTRAINT pk_settlements PRIMARY KEY (ticker, settled_us, revision)
);

CREATE TABLE shard_transfers (
	client_transfer_id VARCHAR NOT NULL,
	run_id VARCHAR NOT NULL,
	source INTEGER NOT NULL,
	destination INTEGER NOT NULL,
	amount_units BIGINT NOT NULL,
	who VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	message TEXT NOT NULL,
	asked_us BIGINT NOT NULL,
	CONSTRAINT fk_shard_transfers_run_id_runs FOREIGN KEY(run_id) REFERENCES runs (run_id),
	CONSTRAINT pk_shard_transfers PRIMARY KEY (client_transfer_id)
);

CREATE TABLE stop_days (
	day INTEGER NOT NULL,
	strategy VARCHAR NOT NULL,
	stage VARCHAR NOT NULL,
	code VARCHAR NOT NULL,
	passes INTEGER NOT NULL,
	most INTEGER NOT NULL,
	ticker VARCHAR,
	value VARCHAR NOT NULL,
	"limit" VARCHAR NOT NULL,
	detail TEXT NOT NULL,
	nearest_us BIGINT,
	CONSTRAINT pk_stop_days PRIMARY KEY (day, strategy, stage, code)
);

CREATE TABLE stops (
	strategy VARCHAR NOT NULL,
	ticker VARCHAR NOT NULL,
	run_id VARCHAR NOT NULL,
	at_us BIGINT NOT NULL,
	stage VARCHAR NOT NULL,
	code VARCHAR NOT NULL,
	value VARCHAR NOT NULL,
	"limit" VARCHAR NOT NULL,
	detail TEXT NOT NULL,
	CONSTRAINT fk_stops_run_id_runs FOREIGN KEY(run_id) REFERENCES runs (run_id),
	CONSTRAINT fk_stops_ticker_markets FOREIGN KEY(ticker) REFERENCES markets (ticker),
	CONSTRAINT pk_stops PRIMARY KEY (strategy, ticker)
);

CREATE TABLE strategy_faults (
	strategy VARCHAR NOT NULL,
	in_a_row INTEGER NOT NULL,
	error TEXT NOT NULL,
	at_us BIGINT NOT NULL,
	disabled_us BIGINT,
	CONSTRAINT pk_strategy_faults PRIMARY KEY (strategy)
);

CREATE TABLE trials (
	strategy VARCHAR NOT NULL,
	ticker VARCHAR NOT NULL,
	at_us BIGINT NOT NULL,
	event_ticker VARCHAR NOT NULL,
	signal VARCHAR NOT NULL,
	side VARCHAR NOT NULL,
	entry_price_units BIGINT NOT NULL,
	target_price_units BIGINT NOT NULL,
	stop_price_units BIGINT NOT NULL,
	until_us BIGINT NOT NULL,
	ending VARCHAR,
	ended_us BIGINT,
	slip_units BIGINT NOT NULL, spread_units BIGINT NOT NULL,
	CONSTRAINT pk_trials PRIMARY KEY (strategy, ticker, at_us)
);

CREATE INDEX ix_ai_calls_called_wall_us ON ai_calls (called_wall_us);

CREATE INDEX ix_ai_calls_decision_id ON ai_calls (decision_id);

CREATE INDEX ix_ai_calls_event_ticker ON ai_calls (event_ticker);

CREATE INDEX ix_ai_calls_run_id ON ai_calls (run_id);

CREATE INDEX ix_denials_run_id ON denials (run_id);

CREATE INDEX ix_denials_ticker_at_us ON denials (ticker, at_us);

CREATE INDEX ix_events_series_ticker ON events (series_ticker);

CREATE INDEX ix_fills_at_us ON fills (at_us);

CREATE INDEX ix_fills_order_id ON fills (order_id);

CREATE INDEX ix_fills_ticker_at_us ON fills (ticker, at_us);

CREATE INDEX ix_forecasts_made_us ON forecasts (made_us);

CREATE INDEX ix_forecasts_ticker_made_us ON forecasts (ticker, made_us);

CREATE INDEX ix_markets_event_ticker ON markets (event_ticker);

CREATE INDEX ix_markets_status ON markets (status);

CREATE INDEX ix_markouts_filled_us ON markouts (filled_us);

CREATE INDEX ix_order_events_client_order_id ON order_events (client_order_id);

CREATE INDEX ix_orders_created_us ON orders (created_us);

CREATE INDEX ix_orders_run_id ON orders (run_id);

CREATE INDEX ix_orders_state ON orders (state);

CREATE INDEX ix_orders_ticker_created_us ON orders (ticker, created_us);

CREATE INDEX ix_round_trips_closed_us ON round_trips (closed_us);

CREATE INDEX ix_round_trips_ticker_owner ON round_trips (ticker, owner);

CREATE INDEX ix_trials_ending_at_us_strategy_signal_slip_units ON trials (ending, at_us, strategy, signal, slip_units);

INSERT INTO alembic_version (version_num) VALUES ('0023')
